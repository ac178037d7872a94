"""What a restored database sends, it sends to a real mail server."""

from tests.screening.reminders.conftest import mail_server

__all__ = ["mail_server"]
