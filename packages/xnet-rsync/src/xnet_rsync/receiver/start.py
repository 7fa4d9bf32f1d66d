"""Where a receiver begins, on a channel. Nothing else is executed before the way to import is known."""

from . import service
from .later import load_as, loading


def serve(channel):
    """Receive a tree on a channel."""
    load_as(channel.gateway)
    with loading():
        receiver = service.Receiver(channel)
    receiver.run()
