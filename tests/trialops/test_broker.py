"""A connection to the broker that is lost with a message unfinished: cleaning up after it raises nothing."""

import logging
from typing import Any

from celery import current_app
from django.conf import LazySettings
from kombu import Connection, Queue

from trialops.broker import Transport


def test_the_application_and_its_hints_use_this_transport() -> None:
    with current_app.connection_for_write() as connection:
        assert isinstance(connection.transport, Transport)


def test_neither_acknowledging_nor_closing_over_a_lost_connection_raises_what_ends_a_worker(
    settings: LazySettings,
) -> None:
    """As Celery does it: what is known of the connection is dropped first, then it is closed."""
    queue = Queue("lost-connection")
    connection = Connection(settings.CELERY_BROKER_URL, transport=settings.CELERY_BROKER_TRANSPORT)
    channel: Any = connection.default_channel
    bound = queue(channel)
    bound.declare()
    connection.Producer(channel).publish({}, routing_key="lost-connection")
    message, errors = bound.get(), connection.connection_errors
    assert message is not None
    connection.transport.client = None
    channel.close()
    message.ack_log_error(logging.getLogger(__name__), errors)
    assert not message.acknowledged
    with Connection(settings.CELERY_BROKER_URL) as another:
        Queue("lost-connection")(another.default_channel).delete()
