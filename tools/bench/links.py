"""A started worker as every case sees it: `send` and `receive` are the implementation's own bound methods."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


class Link:
    """One worker that plays one role, and the two methods to talk to it.

    Attributes:
        send: `channel.send` or `connection.send`, with no wrapper around it.
        receive: `channel.receive` or `connection.recv`, likewise.
        send_many: sends an iterable of items in one call; None where the implementation has no such thing.
        stop: ends the worker and waits for it.
    """

    __slots__ = ("receive", "send", "send_many", "stop")

    def __init__(
        self,
        send: Callable[[Any], object],
        receive: Callable[[], Any],
        send_many: Callable[[Iterable[Any]], object] | None,
        stop: Callable[[], object],
    ) -> None:
        self.send = send
        self.receive = receive
        self.send_many = send_many
        self.stop = stop


class Implementation:
    """One column of the table: how to start workers with it.

    `start_many` does what the implementation offers for many workers at once; the comparison is of that.
    """

    __slots__ = ("has_send_many",)

    def __init__(self, has_send_many: bool) -> None:
        self.has_send_many = has_send_many

    def start(self, source: str, together: bool = False) -> Link:
        """Start one worker and give it a role; with `together` its `send` takes an iterable of items."""
        raise NotImplementedError

    def start_many(self, count: int, source: str) -> tuple[list[Link], Callable[[], object]]:
        """Start `count` workers with one role; return them, and what ends them all and waits for them."""
        raise NotImplementedError


def load(name: str) -> Implementation:
    """Import an implementation by the name of its column: xnet, execnet or multiprocessing."""
    if name == "multiprocessing":
        from bench.pipe_links import Pipes

        return Pipes()
    from bench.gateway_links import Gateways

    return Gateways(name)
