"""Two connections, a link that delays as it likes, applications that do anything legal.

XNET_FUZZ=1 runs the long form.

Spec: CH-031, CH-032, CH-044, CH-061, FC-001, FC-003, FC-011, FC-014, FC-020, FC-023, FC-040.
"""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core_helpers import WINDOW, encode, examples
from core_pair import Pair
from xnet_channel.core import states
from xnet_channel.core.channel_state import ChannelState

sides = st.sampled_from([0, 1])
picks = st.integers(0, 100)


class TwoConnections(RuleBasedStateMachine):
    """FC-003, FC-011, FC-014, FC-023, CH-031, CH-044, CH-061: nothing legal ever fails or gets lost."""

    @initialize(windows=st.tuples(*[st.sampled_from([WINDOW, WINDOW + 1, 100_000])] * 2))
    def begin(self, windows: tuple[int, int]) -> None:
        self.pair = Pair(windows)
        self.number = 0
        self.pair.request()

    def pick(self, near: int, which: int, sends: bool = True) -> ChannelState | None:
        """Choose a channel that is open here and, to send on it, between two items."""
        end = self.pair.ends[near]
        channels = [
            state
            for state in end.connection.table.open.values()
            if not sends or (state.sender.state == states.OPEN and state.id not in end.waiting)
        ]
        return channels[which % len(channels)] if channels else None

    # -- opening --------------------------------------------------------------------------------

    @rule()
    def request(self) -> None:
        if len(self.pair.ends[0].connection.table.open) < 6:
            self.pair.request()

    @rule(near=sides)
    def open_channel(self, near: int) -> None:
        end = self.pair.ends[near]
        if len(end.connection.table.open) < 6:
            state = end.connection.open_channel()
            end.states[state.id] = state
            end.fly()

    @rule(near=sides, which=picks, what=picks)
    def send_reference(self, near: int, which: int, what: int) -> None:
        """To any channel this side ever knew, a closed one too."""
        state = self.pick(near, which)
        known = list(self.pair.ends[near].states.values())
        if state is not None and known:
            self.pair.send(near, state.id, [known[what % len(known)]])

    # -- items ----------------------------------------------------------------------------------

    @rule(
        near=sides, which=picks, size=st.sampled_from([0, 1, 30, 1000, 8000, 16_000]), times=st.integers(1, 9)
    )
    def send_items(self, near: int, which: int, size: int, times: int) -> None:
        state = self.pick(near, which)
        for _ in range(times):
            if state is not None:
                self.number += 1
                self.pair.send(near, state.id, [self.number, bytes(size)])

    @rule(near=sides, which=picks, count=st.integers(2, 200))
    def send_batch(self, near: int, which: int, count: int) -> None:
        state = self.pick(near, which)
        if state is not None:
            self.number += count
            self.pair.send(near, state.id, *range(self.number - count, self.number))

    @rule(
        near=sides,
        which=picks,
        size=st.sampled_from([1, 100, 20_000, 70_000, 200_000]),
        part=st.sampled_from([1, 50, 5000, 16_384]),
    )
    def begin_an_item_in_parts(self, near: int, which: int, size: int, part: int) -> None:
        state = self.pick(near, which)
        if state is not None:
            self.number += 1
            item = (b"%d:" % self.number) + bytes(size)
            self.pair.begin_parts(near, state.id, item, max(part, len(encode(item)) // 40 + 1))

    @precondition(lambda self: any(end.waiting for end in self.pair.ends))
    @rule(near=sides, which=picks, times=st.integers(1, 20))
    def send_pieces(self, near: int, which: int, times: int) -> None:
        for _ in range(times):
            waiting = list(self.pair.ends[near].waiting)
            if not waiting or not self.pair.send_piece(near, waiting[which % len(waiting)]):
                break

    @rule(near=sides, which=picks, count=st.integers(1, 50))
    def take(self, near: int, which: int, count: int) -> None:
        known = list(self.pair.ends[near].states)
        if known:
            self.pair.take(near, known[which % len(known)], count)

    # -- ending ---------------------------------------------------------------------------------

    @rule(near=sides, which=picks)
    def send_last(self, near: int, which: int) -> None:
        state = self.pick(near, which)
        if state is not None:
            self.pair.ends[near].connection.send_last(state)
            self.pair.ends[near].fly()

    @rule(near=sides, which=picks, error=st.none() | st.text(max_size=5))
    def close(self, near: int, which: int, error: str | None) -> None:
        state = self.pick(near, which, sends=False)
        if state is not None:
            self.pair.close(near, state.id, error)

    # -- the rest -------------------------------------------------------------------------------

    @rule(near=sides, which=picks)
    def relieve(self, near: int, which: int) -> None:
        end = self.pair.ends[near]
        state = self.pick(near, which, sends=False)
        if state is not None:
            end.relieved.add(state.id)
            end.reliefs.append(state.id)
            end.connection.relieve(state, True)
            end.fly()

    @rule(near=sides)
    def relieve_all(self, near: int) -> None:
        end = self.pair.ends[near]
        end.relieved.update(range(200))
        end.reliefs.append(0)
        end.connection.relieve_all(True)
        end.fly()

    @precondition(lambda self: any(end.reliefs for end in self.pair.ends))
    @rule(near=sides, which=picks)
    def end_a_relief(self, near: int, which: int) -> None:
        end = self.pair.ends[near]
        if end.reliefs:
            id_ = end.reliefs.pop(which % len(end.reliefs))
            if id_:
                end.connection.relieve(end.states[id_], False)
            else:
                end.connection.relieve_all(False)

    @rule(near=sides)
    def ping(self, near: int) -> None:
        end = self.pair.ends[near]
        end.connection.send_ping(b"?")
        end.pings += 1
        end.fly()

    @rule(near=sides, which=picks)
    def reconfigure(self, near: int, which: int) -> None:
        end = self.pair.ends[near]
        state = self.pick(near, which, sends=False)
        end.connection.send_reconfigure(state.id if state is not None else 0, (True, False))
        end.fly()

    @rule(
        near=sides,
        count=st.sampled_from([1, 5, 9, 100, 5000, 10**6]),
        times=st.integers(1, 30),
        way=st.sampled_from(["plain", "view", "sole"]),
    )
    def deliver(self, near: int, count: int, times: int, way: str) -> None:
        for _ in range(times):
            self.pair.deliver(near, count, way)

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "pair"):
            self.pair.check()

    def teardown(self) -> None:
        """Drained and consumed, whoever was blocked can go on: no deadlock. Spec: FC-014, FC-020."""
        if not hasattr(self, "pair"):
            return
        pair = self.pair
        for end in pair.ends:
            for id_ in end.reliefs:
                if id_:
                    end.connection.relieve(end.states[id_], False)
                else:
                    end.connection.relieve_all(False)
        while True:
            pair.deliver_all()
            went_on = False
            for near in (0, 1):
                end = pair.ends[near]
                for id_ in list(end.states):
                    pair.take(near, id_, 10**6)
                for id_ in list(end.waiting):
                    went_on |= pair.send_piece(near, id_)
            if not went_on and not any(end.flying for end in pair.ends):
                break
        pair.check()
        for near in (0, 1):
            end, far = pair.ends[near], pair.ends[1 - near]
            assert end.waiting == {}
            assert end.pongs == end.pings
            for id_, state in end.connection.table.open.items():
                there = far.channel(id_)
                if there is None and id_ in far.states:
                    raise AssertionError(f"channel {id_} is closed at one end only")
                if state.sender.state == states.OPEN:
                    assert state.sender.credit >= far.window // 2
            for id_, expected in end.expected.items():
                if end.channel(id_) is not None and far.channel(id_) is not None:
                    assert far.taken.get(id_, []) == expected


TestTwoConnections = pytest.mark.timeout(3600 if examples(1).max_examples > 1000 else 1200)(
    TwoConnections.TestCase
)
TestTwoConnections.settings = examples(40, 3000, stateful_step_count=50)


@pytest.mark.parametrize("size", [1, 100, 16_000])
def test_fc_040_send_all_then_receive_all_on_both_sides(size: int) -> None:
    """It would deadlock with bounded windows: blocked senders make the other side give way."""
    pair = Pair((WINDOW, WINDOW))
    pair.request()
    pair.deliver_all()
    total = 3 * WINDOW // (size + 64)
    unsent = [total, total]
    blocked = [False, False]
    while any(unsent):
        for near in (0, 1):
            connection = pair.ends[near].connection
            while unsent[near] and pair.send(near, 1, bytes(size)):
                unsent[near] -= 1
            if bool(unsent[near]) is not blocked[near]:
                blocked[near] = not blocked[near]
                connection.relieve_all(blocked[near])
                pair.ends[near].relieved.add(1)
                pair.ends[near].fly()
        before = list(unsent)
        pair.deliver_all()
        pair.check()
        assert unsent == before
    for near in (0, 1):
        pair.take(near, 1, total)
        assert pair.ends[near].taken[1] == [bytes(size)] * total


def test_fc_001_without_a_blocked_sender_a_fast_producer_is_held_back() -> None:
    pair = Pair((WINDOW, 2 * WINDOW))
    pair.request()
    pair.deliver_all()
    for near, most in ((0, 2 * WINDOW), (1, WINDOW)):
        count = 0
        while pair.send(near, 1, bytes(1000)):
            pair.deliver_all()
            count += 1
        assert count == most // 1067
