"""Workers reached through gateways: xnet and execnet, by the interface they have in common."""

from __future__ import annotations

from importlib import import_module

from bench.links import Implementation, Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# How long a group may take to end its workers, in seconds. None of them has anything to do by then.
TERMINATE_S = 20.0


def as_gateway_source(role: str, together: bool = False) -> str:
    """Return a role's text with the call that a gateway has to make."""
    send = "channel.send_many" if together else "channel.send"
    return f"{role}\nmain({send}, channel.receive)\n"


class Gateways(Implementation):
    """xnet or execnet, whichever module is named."""

    __slots__ = ("module",)

    def __init__(self, module: str) -> None:
        super().__init__(has_send_many=module == "xnet")
        self.module = import_module(module)

    def start(self, source: str, together: bool = False, spec: str = "popen") -> Link:
        """Start a gateway in a group of its own and execute the role in it."""
        group = self.module.Group()
        channel = group.makegateway(spec).remote_exec(as_gateway_source(source, together))
        return Link(
            channel.send,
            channel.receive,
            channel.send_many if self.has_send_many else None,
            lambda: group.terminate(timeout=TERMINATE_S),
        )

    def start_many(self, count: int, source: str) -> tuple[list[Link], Callable[[], object]]:
        """Start the gateways of one group: together where the group can do that, else one by one."""
        group = self.module.Group()
        if hasattr(group, "makegateways"):
            group.makegateways(["popen"] * count)
        else:
            for _ in range(count):
                group.makegateway("popen")
        channels = group.remote_exec(as_gateway_source(source))
        links = [Link(channel.send, channel.receive, None, channel.close) for channel in channels]
        return links, lambda: group.terminate(timeout=TERMINATE_S)
