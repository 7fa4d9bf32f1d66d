"""What may come of a file in each state that it has for a receiver: the table above RS-045, row by row."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from xnet_conformance.case import Case
from xnet_conformance.rsync_cuts import cut, noise

#: A file whose last chunk is its last three bytes, and what is in its place: all but those.
_CHUNKS: Final = cut(noise(30_000), 0)[:-1]
_BASE: Final = sum(map(len, _CHUNKS))
_LARGE: Final[dict[str, Any]] = {"ch": "r", "entry": 1, "noise": _BASE, "then": "abc"}
_TEXT: Final = "abcdef"
_DIGEST: Final = hashlib.sha256(_TEXT.encode()).hexdigest()
_TIME: Final = 1_600_000_000_000_000_000

Step = dict[str, Any]


def _item(*elements: Any) -> Step:
    return {"send": {"ITEM": {"ch": "r", "item": list(elements)}}}


def _bytes(text: str) -> Step:
    return {"t": "bytes", "v": text}


def _copy(digest: str) -> Step:
    return _item("copy", 1, 0, _bytes("73"), _bytes(digest))


def _records(start: int, end: int | None = None) -> Step:
    return {"rsync_records": {**_LARGE, "from": start, **({} if end is None else {"to": end})}}


def _data(flags: int, offset: int, text: str) -> Step:
    return {"rsync_data": {"ch": "r", "entry": 1, "flags": flags, "offset": offset, "text": text}}


_LISTED: Final = [_records(0), {"rsync_want": {"ch": "r", "entry": 1}}]
_WHOLE: Final = [_copy("00" * 32), {"rsync_hear": {"ch": "r", "message": ["whole", 1]}}]
_GOT: Final[list[Step]] = [{"rsync_got": {"ch": "r", "entries": [1]}}, {"rsync_finish": {"ch": "r"}}]
_END: Final[list[Step]] = [_item("skip", 1), {"rsync_finish": {"ch": "r"}}]

#: How a file gets into a state that was named with 1 (a small one), or with 2 (a large one).
_SMALL_STATES: Final[dict[str, list[Step]]] = {
    "named": [],
    "wanted-whole": _WHOLE,
    "described": [_item("meta", 1, 420, 6, _TIME)],
    "wanted-whole-and-described": [*_WHOLE, _item("again", 1), _item("meta", 1, 420, 6, _TIME)],
    "in-its-middle": [_data(1, 0, "abc")],
    "wanted-whole-and-in-its-middle": [*_WHOLE, _data(1, 0, "abc")],
    "wanted-whole-and-begun-again": [
        *_WHOLE,
        _data(1, 0, "abc"),
        _item("again", 1),
        _item("meta", 1, 420, 6, _TIME),
    ],
    "again": [_data(1, 0, "abc"), _item("again", 1)],
    "complete": [
        {"rsync_pack": {"ch": "r", "files": {1: _TEXT}}},
        {"rsync_got": {"ch": "r", "entries": [1]}},
    ],
    "skipped": [_item("skip", 1)],
    "not-named": [],
}
_LARGE_STATES: Final[dict[str, list[Step]]] = {
    "named-by-chunks": [],
    "in-its-list": [_records(0, 3)],
    "listed": _LISTED,
    "in-the-middle-of-chunks": [*_LISTED, _data(1, _BASE, "a")],
    "listed-and-again": [*_LISTED, _item("again", 1)],
}
#: What may come, apart from `again` and `skip`.
_MAY: Final = {
    "named": ("pack", "first", "meta", "copy"),
    "wanted-whole": ("pack", "first", "meta"),
    "described": ("pack", "first", "meta", "copy"),
    "wanted-whole-and-described": ("pack", "first", "meta"),
    "in-its-middle": ("next",),
    "wanted-whole-and-in-its-middle": ("next",),
    "wanted-whole-and-begun-again": ("pack", "first", "meta"),
    "again": ("meta",),
    "named-by-chunks": ("list", "meta"),
    "in-its-list": ("list-next",),
    "listed": ("first",),
    "in-the-middle-of-chunks": ("next",),
    "listed-and-again": ("meta",),
}
_OVER: Final = ("complete", "skipped", "not-named")
#: What comes of a small file, and of a large one; and how the sync goes on if it may.
_SMALL: Final[dict[str, tuple[Step, list[Step]]]] = {
    "pack": ({"rsync_pack": {"ch": "r", "files": {1: _TEXT}}}, _GOT),
    "first": (_data(3, 0, _TEXT), _GOT),
    "next": (_data(2, 3, "def"), _GOT),
    "list": (_item("chunks", 1, 0, 0, 0, 14, _bytes("0000000100000006" + _DIGEST[:12]), None), _END),
    "list-next": (_item("chunks", 1, 0, 1, 0, 14, _bytes("0000000100000006" + _DIGEST[:12]), None), _END),
    "copy": (_copy(_DIGEST), _GOT),
    "meta": (_item("meta", 1, 420, 6, _TIME), [{"rsync_pack": {"ch": "r", "files": {1: _TEXT}}}, *_GOT]),
    "again": (_item("again", 1), _END),
    "skip": (_item("skip", 1), [{"rsync_finish": {"ch": "r"}}]),
    "finish": (_item("finish"), []),
}
_ALL: Final = {"noise": _BASE, "then": "abc"}
_BY_CHUNKS: Final[dict[str, tuple[Step, list[Step]]]] = {
    **_SMALL,
    "pack": ({"rsync_pack": {"ch": "r", "files": {1: _ALL}}}, _GOT),
    "first": (_data(3, _BASE, "abc"), _GOT),
    "next": (_data(2, _BASE + 1, "bc"), _GOT),
    "list": (_records(0), [{"rsync_want": {"ch": "r", "entry": 1}}, *_END]),
    "list-next": (_records(3), [{"rsync_want": {"ch": "r", "entry": 1}}, *_END]),
}
#: Data for a list that are not exactly those that are wanted. Spec: RS-053.
_WRONG_DATA: Final = {
    "listed": {
        "too-little": _data(3, _BASE, "ab"),
        "elsewhere": _data(3, 0, "abc"),
        "nothing": _data(3, _BASE, ""),
    },
    "in-the-middle-of-chunks": {
        "too-little": _data(2, _BASE + 1, "b"),
        "too-much": _data(2, _BASE + 1, "bcd"),
        "again-the-same": _data(2, _BASE, "abc"),
        "behind-a-gap": _data(2, _BASE + 2, "c"),
    },
}


def generate() -> list[Case]:
    """Return the cases."""
    cases = [_case(state, name, *_SMALL[name]) for state in _SMALL_STATES for name in _SMALL]
    cases += [_case(state, name, *_BY_CHUNKS[name]) for state in _LARGE_STATES for name in _BY_CHUNKS]
    cases += [
        _case(state, name, message, [])
        for state in _WRONG_DATA
        for name, message in _WRONG_DATA[state].items()
    ]
    return cases


def may_come(state: str, name: str) -> bool:
    """Return whether the table has it; and the sync may end when all is over."""
    if name == "finish":
        return state in _OVER
    return state not in _OVER and (name in ("again", "skip") or name in _MAY[state])


def _case(state: str, name: str, message: Step, after: list[Step]) -> Case:
    is_large = state in _LARGE_STATES
    if state in _OVER and name == "finish":
        message = {"rsync_finish": {"ch": "r"}}
    right = may_come(state, name)
    before: dict[str, Any] = (
        {"dest/a": {"noise": _BASE, "time": 1_500_000_000_000_000_000}} if is_large else {}
    )
    if state == "not-named":
        before = {"dest/a": {"text": "before"}}
    steps: list[Step] = [
        {"make": {**before, "dest/extra": {"text": "extra"}}},
        {"rsync": {"ch": "r"} if right else {"ch": "r", "delete": True}},
        *_index(state, is_large=is_large),
    ]
    rest = [*(_LARGE_STATES if is_large else _SMALL_STATES)[state], message]
    if right:
        rest += after
    else:
        stays = {"text": _TEXT} if state == "complete" else before.get("dest/a")
        rest += [
            {"expect": {"CHANNEL_CLOSE_ERROR": {"ch": "r"}}},
            {
                "tree": {
                    "dest/a": stays,
                    "dest/extra": {"text": "extra"},
                    **({"unfinished": "maybe"} if is_large else {}),
                }
            },
            {"barrier": True},
        ]
    steps += [{"if_by_chunks": {"ch": "r", "entry": 1, "steps": rest}}] if is_large else rest
    rule = "RS-075" if name == "finish" else "RS-053" if name in _WRONG_DATA.get(state, ()) else "RS-045"
    return Case(
        id=f"rsync.state.{state}.{name}",
        layer="rsync",
        req=(rule,) if right else (rule, "RS-003", "RS-015"),
        title=f"{name} of a file that is {state.replace('-', ' ')} {'is taken' if right else 'is refused'}",
        roles=("worker",),
        needs=("rsync",),
        control=None if right else "rsync.two-entries",
        steps=tuple(steps),
        source="generated: states of files",
    )


def _index(state: str, *, is_large: bool) -> list[Step]:
    """Name the file, and complete another one that it can be a copy of."""
    size = _BASE + 3 if is_large else 6
    entries = [{"file": "a", "size": size}, {"file": "s", "size": 6}]
    needs: Step = {"ch": "r", "are": {2: 1} if is_large or state == "not-named" else {1: 1, 2: 1}}
    if is_large:
        needs["by_chunks"] = [1]
    return [
        {"rsync_index": {"ch": "r", "groups": [{"dir": 0, "entries": entries}]}},
        {"rsync_needs": needs},
        {"rsync_listed": {"ch": "r", "next": 3}},
        {"rsync_pack": {"ch": "r", "files": {2: _TEXT}}},
        {"rsync_got": {"ch": "r", "entries": [2]}},
    ]
