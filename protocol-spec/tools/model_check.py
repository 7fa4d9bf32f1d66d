"""Walk through every order of events between two peers, by the tables of the specification.

``python protocol-spec/tools/model_check.py``; exit code 1 if something is wrong. Two models:

* **Life of a channel.** Two peers, each with both half machines, and a queue of at most two
  frames each way. Whatever order they send and receive in: no frame is an error, both halves
  close together, and from everywhere both can get to "deleted, nothing in flight".
* **Credit.** A sender, a receiver and its application in units of a small window. Whatever costs
  the frames have within [FC-020], the sender is never stuck while the application takes items.
"""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from spec_schema import read_schema
from state_checks import table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from typing import TypeVar

    State = TypeVar("State", bound=Hashable)
    Outcomes = Mapping[tuple[str, str], str]

SPEC: Final = Path(__file__).resolve().parent.parent
_IN_FLIGHT: Final = 2
_FRAMES: Final = ("ITEM", "LAST", "CLOSE")


class Peer(NamedTuple):
    """The two halves of the channel at one peer."""

    send: str
    receive: str


class World(NamedTuple):
    """Two peers and what is on its way to each of them."""

    peers: tuple[Peer, Peer]
    queues: tuple[tuple[str, ...], tuple[str, ...]]


class Broken(Exception):
    """A model got to where it must not."""


def find_problems(spec: Path = SPEC) -> list[str]:
    """Return what the two models find."""
    machines = read_schema(spec).machines
    send = table_of(machines["send-half"], "initiator")
    receive = table_of(machines["receive-half"], "initiator")
    problems = []
    try:
        check_life(send, receive)
    except Broken as error:
        problems.append(f"model of a channel's life: {error}")
    try:
        check_credit(window=8, largest_cost=4)
    except Broken as error:
        problems.append(f"model of credit: {error}")
    return problems


def check_life(send: Outcomes, receive: Outcomes) -> int:
    """Walk through the life of a channel.

    Returns:
        How many states there are.

    Raises:
        Broken: A frame is an error, halves do not close together, or the end cannot be reached.
    """
    start = World((Peer("open", "open"), Peer("open", "open")), ((), ()))
    edges = _explore(start, lambda world: _life_steps(world, send, receive))
    _all_can_reach(
        edges,
        lambda world: not any(world.queues) and all(peer == ("closed", "closed") for peer in world.peers),
    )
    return len(edges)


def _life_steps(world: World, send: Outcomes, receive: Outcomes) -> Iterator[World]:
    for side in (0, 1):
        peer = world.peers[side]
        if "closed" in peer and peer != ("closed", "closed"):
            raise Broken(f"only one half is closed: {peer}")
        for frame in _FRAMES:
            input_ = f"SEND_{frame}"
            targets = [
                table[half, input_] for table, half in _halves(send, receive, peer) if (half, input_) in table
            ]
            if "local" not in targets and len(world.queues[1 - side]) < _IN_FLIGHT:
                yield _moved(world, side, _step(send, receive, peer, input_), (1 - side, frame))
        if world.queues[side]:
            frame = world.queues[side][0]
            yield _moved(world, side, _step(send, receive, peer, f"RECV_{frame}"), None)


def _halves(
    send: Outcomes, receive: Outcomes, peer: Peer
) -> tuple[tuple[Outcomes, str], tuple[Outcomes, str]]:
    return (send, peer.send), (receive, peer.receive)


def _step(send: Outcomes, receive: Outcomes, peer: Peer, input_: str) -> Peer:
    after = []
    for table, half in _halves(send, receive, peer):
        target = table.get((half, input_), half)
        if target not in ("open", "ended", "closed", "ignored"):
            raise Broken(f"{input_} is {target} at a peer that is {peer}, though its peer obeyed its table")
        after.append(half if target == "ignored" else target)
    return Peer(*after)


def _moved(world: World, side: int, peer: Peer, sent: tuple[int, str] | None) -> World:
    peers = (peer, world.peers[1]) if side == 0 else (world.peers[0], peer)
    queues = list(world.queues)
    if sent is None:
        queues[side] = queues[side][1:]
    else:
        queues[sent[0]] = (*queues[sent[0]], sent[1])
    return World(peers, (queues[0], queues[1]))


class Flow(NamedTuple):
    """One direction of one channel; all numbers are costs.

    Attributes:
        credit: What the sender may still send.
        waiting: Costs of the items that the application has not taken.
        due: What the receiver owes the sender and has not sent yet.
        returning: Credit on its way to the sender.
    """

    credit: int
    waiting: tuple[int, ...]
    due: int
    returning: int


def check_credit(window: int, largest_cost: int) -> int:
    """Walk through the credit of one direction of a channel.

    Args:
        window: Initial credit.
        largest_cost: Cost of the largest frame a sender may make.

    Returns:
        How many states there are.

    Raises:
        Broken: The sender may wait for ever for a frame of that cost, or credit gets lost.
    """
    step = window // 2
    edges = _explore(Flow(window, (), 0, 0), lambda flow: _flow_steps(flow, step, largest_cost))
    for flow in edges:
        if flow.credit + sum(flow.waiting) + flow.due + flow.returning != window:
            raise Broken(f"credit was lost or made: {flow} of {window}")
    # While it waits for credit for one frame, a sender does not send smaller ones in front of it.
    waiting = {flow: set(_flow_steps(flow, step, largest_cost=0)) for flow in edges}
    _all_can_reach(waiting, lambda flow: flow.credit >= largest_cost)
    return len(edges)


def _flow_steps(flow: Flow, step: int, largest_cost: int) -> Iterator[Flow]:
    for cost in range(1, min(largest_cost, flow.credit) + 1):
        yield flow._replace(credit=flow.credit - cost, waiting=(*flow.waiting, cost))
    if flow.waiting:
        yield flow._replace(waiting=flow.waiting[1:], due=flow.due + flow.waiting[0])
    if flow.due >= step:
        yield flow._replace(due=0, returning=flow.returning + flow.due)
    if flow.returning:
        yield flow._replace(credit=flow.credit + flow.returning, returning=0)


def _explore(start: State, steps: Callable[[State], Iterable[State]]) -> dict[State, set[State]]:
    """Return every state that can be reached, with the states right after it."""
    edges: dict[State, set[State]] = {}
    open_ = deque([start])
    while open_:
        state = open_.popleft()
        if state not in edges:
            edges[state] = set(steps(state))
            open_.extend(edges[state])
    return edges


def _all_can_reach(edges: Mapping[State, set[State]], wanted: Callable[[State], bool]) -> None:
    """Raise Broken if some state has no way to a wanted one."""
    before: dict[State, list[State]] = {state: [] for state in edges}
    for state, after in edges.items():
        for target in after:
            before[target].append(state)
    good = {state for state in edges if wanted(state)}
    open_ = deque(good)
    while open_:
        for state in before[open_.popleft()]:
            if state not in good:
                good.add(state)
                open_.append(state)
    for state in edges:
        if state not in good:
            raise Broken(f"there is no way on from {state}")


def main() -> int:
    """Run as a command; return the exit code."""
    problems = find_problems()
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
