"""Why a message could not be sent, told apart by what is to be done about it."""

import smtplib

TRY_AGAIN_LATER = 421
PERMANENT_FROM = 500


class SendError(Exception):
    """A failed attempt. `str()` is the kind of the failure and a server's code; never its text, which may hold
    addresses.

    `permanent`: trying again cannot help. `of_lane`: the server as a whole fails, so others in its lane would too.
    """

    def __init__(self, what: str, *, permanent: bool = False, of_lane: bool = False) -> None:
        super().__init__(what[:200])
        self.permanent = permanent
        self.of_lane = of_lane


def from_mail_server(error: Exception) -> SendError:
    """What an error of the conversation with a mail server means.

    Only a refusal of this very recipient or of this very mail is permanent: a server that refuses the connection, the
    sign-in, the encryption or the sender refuses everybody, and may be set right.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max(code for code, _ in error.recipients.values())
        return _by_code(error, code)
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error, error.smtp_code)
    if isinstance(error, smtplib.SMTPResponseException):
        return SendError(f"{type(error).__name__} {error.smtp_code}", of_lane=True)
    return SendError(type(error).__name__, of_lane=True)


def from_anything(error: Exception) -> SendError:
    """An error that nobody foresaw concerns the one message, and is tried again."""
    return error if isinstance(error, SendError) else SendError(type(error).__name__)


def _by_code(error: Exception, code: int) -> SendError:
    what = f"{type(error).__name__} {code}"
    return SendError(what, permanent=code >= PERMANENT_FROM, of_lane=code == TRY_AGAIN_LATER)
