"""Workers over multiprocessing.Pipe, started with `spawn`: fresh interpreters, as with gateways."""

from __future__ import annotations

import multiprocessing

from bench.links import Implementation, Link
from bench.pipe_worker import work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SPAWN = multiprocessing.get_context("spawn")


class Pipes(Implementation):
    """One process and one duplex pipe per worker."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(has_send_many=False)

    def start(self, source: str, together: bool = False) -> Link:
        """Start a process; it hangs up when the pipe is closed on this side."""
        if together:
            raise ValueError("multiprocessing.Pipe has no way to send many items in one call")
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=work, args=(source, theirs))
        process.start()
        theirs.close()

        def stop() -> None:
            ours.close()
            process.join()

        return Link(ours.send, ours.recv, None, stop)

    def start_many(self, count: int, source: str) -> tuple[list[Link], Callable[[], object]]:
        """Start all processes before waiting for any of them."""
        processes = []
        connections = []
        for _ in range(count):
            ours, theirs = _SPAWN.Pipe()
            process = _SPAWN.Process(target=work, args=(source, theirs))
            process.start()
            theirs.close()
            connections.append(ours)
            processes.append(process)

        def stop() -> None:
            for connection in connections:
                connection.close()
            for process in processes:
                process.join()

        return [Link(link.send, link.recv, None, link.close) for link in connections], stop
