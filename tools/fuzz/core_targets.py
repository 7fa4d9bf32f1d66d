"""The sans-IO core in both roles, with an application that takes, sends, and closes at random."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from xnet_channel.core import roles
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import LocalProtocolError
from xnet_channel.core.events import ChannelClosed, ChannelOpened, Event, HelloReceived, RequestReceived
from xnet_wire import frames, messages, values
from xnet_wire.channel_errors import ChannelError
from xnet_wire.limits import ITEM_COST_BYTES, Limits
from xnet_wire.messages import ExecRequest, Hello

#: As small as the recorded conversations allow, so that limits are reached.
LIMITS: Final = Limits(frame=1_048_576, item=400_000, depth=64, channels=40, memory=1_000_000)
EXECUTE: Final = messages.encode_exec(ExecRequest("pass"))
SAMPLE: Final = values.encode([1, "text", {"a": None}])


class CoreTarget:
    """A connection of one role. Play one conversation with each."""

    def __init__(self, role: str) -> None:
        self.name = f"core, {role}"
        self._role = role

    def play(self, stream: bytes, splits: list[int], random: Random) -> None:
        """Feed a stream in pieces.

        Raises:
            AssertionError: Something that must hold does not. Any other exception is a fault as well.
        """
        held: list[ChannelState] = []

        def make_channel(state: ChannelState) -> object:
            return state

        connection = Connection(self._role, Hello("fuzz", limits=LIMITS), make_channel)
        connection.dispatch = lambda events: self._act(connection, events, held, random)
        connection.start()
        before = 0
        for split in [*splits, len(stream)]:
            if piece := stream[before:split]:
                events = connection.receive_data(piece)
                self._act(connection, events, held, random)
                self._use(connection, held, random)
            connection.data_to_send()
            before = split
        connection.receive_eof()
        connection.data_to_send()
        kept = sum(entry[2] for state in held for entry in state.receiver.items)
        assert kept <= LIMITS.memory, f"{kept} bytes are kept, the limit is {LIMITS.memory}"

    def _act(
        self, connection: Connection, events: list[Event], held: list[ChannelState], random: Random
    ) -> None:
        for event in events:
            if isinstance(event, HelloReceived) and self._role == roles.INITIATOR:
                count = random.choice((1, 4, 8))
                held += [connection.send_request(frames.CHANNEL_EXEC, EXECUTE) for _ in range(count)]
                if event.hello.limits.channels > 20:
                    held += [connection.open_channel() for _ in range(3)]
            elif isinstance(event, RequestReceived | ChannelOpened):
                held.append(event.channel)
            elif isinstance(event, ChannelClosed):
                assert event.channel.closed

    def _use(self, connection: Connection, held: list[ChannelState], random: Random) -> None:
        for state in random.sample(held, min(len(held), 2)):
            while state.receiver.items and random.random() < 0.8:
                item = connection.take(state)
                held += [one for one in _channels_in(item) if one not in held][:3]
            choice = random.randrange(8)
            try:
                if choice == 0:
                    connection.send_close(state, random.choice((None, ChannelError("an error"))))
                elif choice == 1:
                    connection.send_last(state)
                elif choice < 5:
                    connection.send_item(state, SAMPLE, len(SAMPLE) + ITEM_COST_BYTES)
                elif choice == 5:
                    connection.relieve(state, True)
                    connection.relieve(state, False)
                elif choice == 6:
                    held.append(connection.open_channel())
            except LocalProtocolError:
                pass  # this side asked for what the state does not allow


def _channels_in(item: Any) -> list[ChannelState]:
    if isinstance(item, ChannelState):
        return [item]
    if type(item) in (list, tuple):
        return [one for one in item if isinstance(one, ChannelState)]
    return []
