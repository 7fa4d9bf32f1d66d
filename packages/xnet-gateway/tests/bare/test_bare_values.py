"""Values to a bare worker and back, on every interpreter; and what becomes of strings on Python 2.

Spec: VA-001 to VA-043.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from bare_helpers import BareGateways, RawWorker, find_interpreter, frame
from bare_strategies import exactly, items
from gateway_helpers import PATIENCE_S
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_wire import frames, messages

ECHO = "for item in channel: channel.send(item)"
VALUES: list[Any] = [
    None, True, False, 0, -1, 23, 24, -256, -257, 255, 256, 2**31, -(2**31) - 1, 2**63, 2**64 - 1, 2**64,
    -(2**64), -(2**64) - 1, 2**4000, 0.0, -0.0, 1.5, 0.1, 1e300, float("inf"), float("-inf"), float("nan"),
    1 - 2j, complex("nan"), "", "h\xe9", "\U0001f600", "x" * 300, "x" * 70_000,
    [], [1, [2.0, None]], (), (1, "a"),
    ((), [(0,)]), {}, {"b": 1, "a": [2]}, {None: 0, (1, 2): 4, frozenset({5}): 5, 2.5: 6}, set(), {1, "a"},
    frozenset(), frozenset({1, frozenset()}), {float("nan"): 1}, list(range(1000)),
    {"a" * n: n for n in range(300)},
]  # fmt: skip

#: Classes named like their bases, and ones that look as numpy's do.
STAND_INS = """
from xnet_bare_worker import dumps as names, interpreter
PY2, dumps, loads = interpreter.PY2, names.dumps, names.loads
text = type(u"")
def sub(base, **members): return type(base.__name__, (base,), members)
def np(name, *bases, **members):
    return type(str(name), bases or (object,), dict(members, __module__="numpy"))
generic = np("generic")
integer, floating = np("integer", generic), np("floating", generic)
int8 = np("int8", integer, __index__=lambda self: -3)
float16 = np("float16", floating, __float__=lambda self: 0.5)
complex64 = np("complex64", np("complexfloating", generic), __complex__=lambda self: 2j)
def truth(value): return np("bool_", generic, __bool__=lambda self: value, __nonzero__=lambda self: value)()
np_text = np("unicode_" if PY2 else "str_", text)
T = sub(text)
items = [
    sub(int)(5), sub(type(2**70))(2**70), sub(float)(1.5), sub(complex)(1j), T(u"t"), sub(bytes)(b"b"),
    sub(list)([1, [T(u"t")]]), sub(tuple)([1]), sub(dict)({T(u"k"): [2]}), sub(set)([1]), sub(frozenset)([1]),
    truth(True), truth(False), int8(), float16(), complex64(), np_text(u"n"),
    {truth(True): T(u"t"), (T(u"t"),): 1},
]
channel.send(items)
channel.send(loads(dumps(items)) == items[:11] + [True, False, -3, 0.5, 2j, u"n", {True: u"t", (u"t",): 1}])
channel.send_many([items[0]])
refused = []
class Other(int): pass
class Named(object): pass
Named.__name__ = "list"
for item in (
    Other(), Named(), np("timedelta64", integer)(), np("float128", floating)(), np("void", generic)(),
):
    try: channel.send([{"a": item}])
    except Exception as error: refused.append(str(error))
channel.send(refused)
alone = sub(str, __eq__=lambda self, other: self is other, __hash__=lambda self: id(self))
words = []
for function, item in (
    (channel.send, [0, {alone("k"): 1, "k": 2}]), (dumps, set([alone("k"), "k"])),
    (channel.send, {sub(list, __hash__=lambda self: 1)(): 1}),
):
    try: function(item)
    except Exception as error: words.append(str(error))
channel.send(words)
"""


@pytest.fixture(scope="module")
def echo(worker: Gateway) -> Channel:
    return worker.remote_exec(ECHO)


def has_alike(item: Any) -> bool:
    """Whether there are keys that Python 2 may take for one: a text, and bytes of the same letters."""
    if isinstance(item, dict | set | frozenset) and len({without_bytes(key) for key in item}) < len(item):
        return True
    members = [*item, *item.values()] if isinstance(item, dict) else item
    return isinstance(members, list | tuple | set | frozenset) and any(map(has_alike, members))


def without_bytes(key: Any) -> Any:
    """Return a key with a text for bytes."""
    if isinstance(key, bytes):
        return key.decode("latin-1")
    return type(key)(map(without_bytes, key)) if isinstance(key, tuple | frozenset) else key


class TestRoundTrip:
    def test_va_001_every_value(self, echo: Channel, worker: Gateway) -> None:
        for value in VALUES:
            echo.send(value)
            back = echo.receive(PATIENCE_S)
            if type(value) is dict and worker._rinfo().version_info[0] == 2:
                back = {key: back[key] for key in value if key == key} or value  # it has no order there
            assert exactly(back) == exactly(value)

    def test_va_009_order_is_kept_where_dicts_have_one(self, echo: Channel, worker: Gateway) -> None:
        if worker._rinfo().version_info[:2] == (2, 7):
            pytest.skip("dicts of Python 2.7 have no order")
        value = {str(n): n for n in (3, 1, 2, 9, 7)}
        echo.send(value)
        assert list(echo.receive(PATIENCE_S)) == list(value)

    def test_bytes(self, echo: Channel, worker: Gateway) -> None:
        for size in (0, 1, 23, 24, 255, 256, 70_000):
            echo.send(b"\xff" * size)
            # Python 2 sends its str back, which is text here, a character for each byte
            wanted = "\xff" * size if worker._rinfo().version_info[0] == 2 else b"\xff" * size
            assert echo.receive(PATIENCE_S) == wanted

    def test_bytearrays_and_views_are_bytes(self, worker: Gateway) -> None:
        source = "channel.send((bytearray(b'a\\xff'), memoryview(b'bc')))"
        assert worker.remote_exec(source).receive(PATIENCE_S) == (b"a\xff", b"bc")

    def test_va_023_depth(self, echo: Channel) -> None:
        """Spec: VA-023. As deep as is announced, on a stack that executed code has half filled."""
        value: Any = 1
        for _ in range(512):
            value = [value]
        echo.send(value)
        back = echo.receive(PATIENCE_S)
        for _ in range(512):
            (back,) = back
        assert back == 1

    def test_a_deep_value_on_a_deep_stack(self, worker: Gateway) -> None:
        source = """
def descend(left):
    if left:
        return descend(left - 1)
    value = channel.receive()
    channel.send(value)
descend(700)
"""
        value: Any = 1
        for _ in range(300):
            value = [value]
        channel = worker.remote_exec(source)
        channel.send(value)
        back = channel.receive(PATIENCE_S)
        for _ in range(300):
            (back,) = back
        assert back == 1

    def test_va_006_what_cannot_be_sent_leaves_the_channel_usable(self, worker: Gateway) -> None:
        source = """
texts = []
class Sub(list): pass
nested = [1, {"report": [0, 0, 0, set([object])]}]
for item in (object(), nested, Sub(), {1: Sub}, (channel, iter(())), 1 < 2):
    try:
        channel.send(item)
    except Exception as error:
        texts.append((type(error).__name__, str(error)))
channel.send(texts)
"""
        channel = worker.remote_exec(source)
        assert channel.receive(PATIENCE_S) is True
        texts = channel.receive(PATIENCE_S)
        assert {name for name, _ in texts} == {"DumpError"}
        path = "[1]['report'][3].<element <type>>"
        for (_, text), words in zip(texts, ("object", path, "subclass of list", "[1]", "[1]"), strict=True):
            assert words in text

    def test_va_012_what_stands_for_a_value(self, worker: Gateway) -> None:
        channel = worker.remote_exec(STAND_INS)
        sent, dumped, batch, refused, words = (channel.receive(PATIENCE_S) for _ in range(5))
        wanted = [5, 2**70, 1.5, 1j, "t", "b", [1, ["t"]], (1,), {"k": [2]}, {1}, frozenset({1})]
        wanted += [True, False, -3, 0.5, 2j, "n", {True: "t", ("t",): 1}]
        if worker._rinfo().version_info[0] > 2:
            wanted[5] = b"b"
        assert exactly(sent) == exactly(wanted)
        assert batch == wanted[0]
        assert dumped
        for text, type_name in zip(
            refused, ("Other", "list", "timedelta64", "float128", "void"), strict=True
        ):
            assert type_name in text
            assert "at [0]['a']" in text
        assert [text.replace("u'k'", "'k'") for text in words] == [
            "can't serialize a dict in which two keys become equal, both 'k' at [1].",
            "can't serialize a set in which two elements become equal, both 'k'.",
            "can't serialize a dict with <list> among its keys.",
        ]

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(items)
    def test_any_value(self, echo: Channel, worker: Gateway, item: Any) -> None:
        python_2 = worker._rinfo().version_info[0] == 2
        assume(not (python_2 and has_alike(item)))
        echo.send(item)
        back = echo.receive(PATIENCE_S)
        if python_2:
            return  # that nothing breaks; bytes come back as text, and its dicts have an order of their own
        assert exactly(back) == exactly(item)

    def test_va_022_nans_are_different_keys(self, worker: Gateway) -> None:
        channel = worker.remote_exec("item = channel.receive(); channel.send((len(item), list(item)))")
        channel.send({float("nan"): 1, float("-nan"): 2})
        size, keys = channel.receive(PATIENCE_S)
        assert size == 2
        assert all(key != key for key in keys)

    def test_half_and_single_floats_are_taken(self, worker: Gateway) -> None:
        from xnet_wire import frames

        channel = worker.remote_exec("channel.send(tuple(channel.receive() for _ in range(3)))")
        with channel._link.lock:
            state = channel._mailbox.state
            for payload in (b"\xf9\x3e\x00", b"\xfa\x3f\xc0\x00\x00", b"\xf9\x80\x01"):
                channel._link.connection.send_item(state, payload, len(payload) + 64, frames.CHANNEL_DATA)
            channel._endpoint.writer.flush_soon_locked()
        assert channel.receive(PATIENCE_S) == (1.5, 1.5, -(2.0**-24))


class TestCoercion:
    """The table of VA-031, both ways, between this Python 3 and Python 2.7."""

    @pytest.fixture(autouse=True)
    def _needs_python_2(self) -> None:
        if find_interpreter("2.7") is None:
            pytest.skip("needs the interpreter 2.7, see tools/dev.py interpreters")

    @pytest.mark.parametrize(
        ("flags", "wanted"),
        [
            # sent: bytes, text, ASCII text
            ((True, False), ["str", "unicode", "unicode"]),
            ((False, False), ["str", "unicode", "unicode"]),
            ((True, True), ["str", "str", "str"]),
            ((False, True), ["str", "str", "str"]),
        ],
    )
    @pytest.mark.parametrize("whose", ["channel", "gateway"])
    def test_va_031_to_python_2(
        self, bare: BareGateways, flags: tuple[bool, bool], wanted: list[str], whose: str
    ) -> None:
        worker = bare("2.7")
        channel = worker.remote_exec(
            "items = channel.receive()\n"
            "items = items[0] + items[1].keys() + items[1].values()\n"
            "channel.send([type(item).__name__ + repr(item) for item in items])"
        )
        (channel if whose == "channel" else worker).reconfigure(*flags)
        channel.send(([b"h\xff", "h\xe9"], {"k": "v"}))
        shown = channel.receive(PATIENCE_S)
        shown = [text if isinstance(text, str) else text.decode() for text in shown]
        values = {
            "str": [r"'h\xff'", r"'h\xc3\xa9'", "'k'", "'v'"],
            "unicode": ["", r"u'h\xe9'", "u'k'", "u'v'"],
        }
        kinds = [*wanted, wanted[2]]
        assert shown == [kind + values[kind][number] for number, kind in enumerate(kinds)]

    @pytest.mark.parametrize(
        ("flags", "wanted"),
        [
            # sent: str, unicode
            ((True, False), ["h\xff", "h\xe9"]),
            ((False, False), [b"h\xff", "h\xe9"]),
            ((True, True), ["h\xff", b"h\xc3\xa9"]),
            ((False, True), [b"h\xff", b"h\xc3\xa9"]),
        ],
    )
    @pytest.mark.parametrize("who", ["channel", "gateway", "its channel", "its gateway"])
    def test_va_031_va_040_va_043_from_python_2(
        self, bare: BareGateways, flags: tuple[bool, bool], wanted: list[Any], who: str
    ) -> None:
        """Spec: VA-031, VA-040, VA-043. Whichever side asks, both sides use the flags."""
        worker = bare("2.7")
        asks = {
            "its channel": f"channel.reconfigure{flags}",
            "its gateway": f"channel.gateway.reconfigure{flags}",
        }
        channel = worker.remote_exec(
            asks.get(who, "pass")
            + "\nchannel.receive()\nchannel.send(['h\\xff', u'h\\xe9', {'h\\xff': u'h\\xe9'}])"
        )
        if who == "channel":
            channel.reconfigure(*flags)
        if who == "gateway":
            worker.reconfigure(*flags)
        channel.send(0)
        assert channel.receive(PATIENCE_S) == [*wanted, dict([wanted])]

    def test_va_031_a_python_3_worker_knows_the_flags_too(self, worker: Gateway) -> None:
        if worker._rinfo().version_info[0] == 2:
            pytest.skip("this is about the others")
        channel = worker.remote_exec("channel.send(repr(channel.receive()))")
        channel.reconfigure(py3str_as_py2str=True)
        channel.send(["h\xe9", b"x", {"k": "v"}])
        # "A peer whose application asks for new flags SHOULD use the same flags for what it receives"
        assert channel.receive(PATIENCE_S) == repr([b"h\xc3\xa9", b"x", {b"k": b"v"}]).encode()

    def test_va_030_only_python_2_sends_its_str(self, version: str) -> None:
        """Read off the wire: a receiver makes the same text of py2-str and of text."""
        source = "channel.send(['a', b'a', u'a'])"
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(frame(frames.CHANNEL_EXEC, 1, messages.encode_exec(messages.ExecRequest(source))))
            py2_str, as_bytes, as_text = b"\xd9\xe4\x23\x41a", b"\x41a", b"\x61a"
            members = [py2_str, py2_str, as_text] if version == "2.7" else [as_text, as_bytes, as_text]
            assert worker.hear() == (frames.CHANNEL_DATA, 1, b"\x83" + b"".join(members))

    def test_va_041_flags_count_for_what_comes_after_them(self, bare: BareGateways) -> None:
        channel = bare("2.7").remote_exec(
            "channel.send([type(channel.receive()).__name__ for _ in range(3)])"
        )
        channel.reconfigure(py2str_as_py3str=False)
        channel.send("a")
        channel.reconfigure(py2str_as_py3str=False, py3str_as_py2str=True)
        channel.send("b")
        channel.reconfigure(py2str_as_py3str=True, py3str_as_py2str=False)
        channel.send("c")
        assert channel.receive(PATIENCE_S) == ["unicode", "str", "unicode"]

    def test_the_sessions_of_execnets_documentation(self, bare: BareGateways) -> None:
        """A Python 2 program's str arrives as text; as bytes with py2str_as_py3str=False."""
        channel = bare("2.7").remote_exec("""
            channel.send(channel.receive() + "world")
            channel.send("hello")
        """)
        channel.send("hello ")
        assert channel.receive(PATIENCE_S) == "hello world"
        assert channel.receive(PATIENCE_S) == "hello"
        channel = bare("2.7").remote_exec("""
            channel.receive()
            channel.send("hello")
        """)
        channel.reconfigure(py2str_as_py3str=False)
        channel.send(0)
        assert channel.receive(PATIENCE_S) == b"hello"

    def test_keys_that_only_python_2_finds_equal(self, bare: BareGateways) -> None:
        """b'a' and 'a' cannot both be keys there; rather than losing one the worker says so."""
        worker = bare("2.7")
        channel = worker.remote_exec("channel.receive()")
        channel.send({b"a": 1, "a": 2})
        with pytest.raises((EOFError, RemoteError), match="equal keys"):
            channel.waitclose(PATIENCE_S)


def test_exactly_sees_differences() -> None:
    assert exactly(0.0) != exactly(-0.0)
    assert exactly([1]) != exactly((1,))
    assert exactly(True) != exactly(1)
    assert struct.pack(">d", -0.0) != struct.pack(">d", 0.0)
