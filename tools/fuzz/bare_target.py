"""The bare worker in this process: its connection, with code that is not executed but only kept."""

from __future__ import annotations

import os
import types
from random import Random
from typing import Any

from xnet_gateway.bare.bootstrap import NAME, source


class BareTarget:
    """The text of the bare worker, loaded as a module."""

    name = "bare worker"

    def __init__(self) -> None:
        self._module: Any = types.ModuleType("xnet_bare_worker")
        exec(compile(source(), NAME, "exec"), vars(self._module))
        self._module.ENCODERS[self._module.Channel] = self._module._put_channel
        self._nowhere = os.open(os.devnull, os.O_RDWR)

    def play(self, stream: bytes, splits: list[int], random: Random) -> None:
        """Feed a stream in pieces; see ``CoreTarget.play``."""
        bare = self._module
        worker = self._make_worker()
        link = worker._link
        try:
            with link.guard:
                link.queue(bare.HELLO, 0, b"\xa0")
            before = 0
            for split in [*splits, len(stream)]:
                with link.guard:
                    if stream[before:split] and not link.deaf:
                        link.feed_locked(stream[before:split])
                    link.flush_soon_locked()
                before = split
                self._use(worker, random)
            with link.guard:
                if not link.deaf:
                    link.gone_locked(None)
                link.close_dropped_locked()
            assert link.ending
        finally:
            if link.fd_out >= 0:
                os.close(link.fd_out)
            for fd in (link.wake_reader, link.wake_writer, link.keeper_reader, link.keeper_writer):
                os.close(fd)

    def _use(self, worker: Any, random: Random) -> None:
        bare = self._module
        for channel in random.sample(worker.held, min(len(worker.held), 2)):
            state = channel._state
            choice = random.randrange(6)
            with worker._link.guard:
                while state.items and random.random() < 0.8:
                    state.consumed, _ = state.items.popleft()
                    worker._link.return_credit_locked(state)
                if choice == 0:
                    worker._link.close_locked(state, random.choice((None, bare.RemoteError("an error"))))
            try:
                if choice < 4:
                    channel._send_at_once([1, "text", {"a": None}])
                elif choice == 4:
                    worker.held.append(worker.newchannel())
            except (bare.ClosedError, bare.DumpError):
                pass  # the state does not allow it

    def _make_worker(self) -> Any:
        """Return a worker that applies and executes nothing: its process is ours."""
        bare = self._module

        class Keeping(bare.Worker):  # type: ignore[misc, name-defined]
            held: list[Any]

            def configure(self, config: object, size: int) -> None:
                pass

            def execute_locked(self, channel: Any, request: object) -> None:
                self.held.append(channel)

            def end_locked(self, text: str) -> None:
                self._link.end_receiving_locked(text)

        worker = Keeping(os.dup(self._nowhere), os.dup(self._nowhere))
        os.close(worker._link.fd_in)
        worker.held = []
        return worker
