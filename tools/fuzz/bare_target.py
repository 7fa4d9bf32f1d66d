"""The bare worker in this process: its connection, with code that is not executed but only kept."""

from __future__ import annotations

import os
from random import Random
from typing import Any

from xnet_gateway.bare.worker import channel, crediting, encoding, errors, gateway, protocol, sending


class BareTarget:
    """The modules of the bare worker."""

    name = "bare worker"

    def __init__(self) -> None:
        encoding.ENCODERS[channel.Channel] = encoding.put_channel
        self._nowhere = os.open(os.devnull, os.O_RDWR)

    def play(self, stream: bytes, splits: list[int], random: Random) -> None:
        """Feed a stream in pieces; see ``CoreTarget.play``."""
        of_bare = self._make_worker()
        link = of_bare._link
        try:
            with link.guard:
                link.queue(protocol.HELLO, 0, b"\xa0")
            before = 0
            for split in [*splits, len(stream)]:
                with link.guard:
                    if stream[before:split] and not link.deaf:
                        link.feed_locked(stream[before:split])
                    link.flush_soon_locked()
                before = split
                self._use(of_bare, random)
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

    def _use(self, of_bare: Any, random: Random) -> None:
        link = of_bare._link
        for one in random.sample(of_bare.held, min(len(of_bare.held), 2)):
            state = one._state
            choice = random.randrange(6)
            with link.guard:
                while state.items and random.random() < 0.8:
                    state.consumed, _ = state.items.popleft()
                    crediting.return_credit_locked(link, state)
                if choice == 0:
                    link.close_locked(state, random.choice((None, errors.RemoteError("an error"))))
            try:
                if choice < 4:
                    sending.send_at_once(one, [1, "text", {"a": None}])
                elif choice == 4:
                    of_bare.held.append(of_bare.newchannel())
            except (errors.ClosedError, errors.DumpError):
                pass  # the state does not allow it

    def _make_worker(self) -> Any:
        """Return a worker that applies and executes nothing: its process is ours."""

        class Keeping(gateway.Worker):
            held: list[Any]

            def configure(self, config: object, size: int) -> None:
                pass

            def execute_locked(self, channel: Any, request: object) -> None:
                self.held.append(channel)

            def end_locked(self, text: str) -> None:
                self._link.end_receiving_locked(text)

        kind: Any = Keeping
        made = kind(os.dup(self._nowhere), os.dup(self._nowhere))
        os.close(made._link.fd_in)
        made.held = []
        return made
