"""Programs with channels show the same on execnet and on xnet."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import pathlib
import pickle
import threading
from collections import Counter, OrderedDict, namedtuple

import pytest

from execnet_twins import PATIENCE_S, Difference, Lab, Programs, Twins

PROGRAMS = Programs()
program = PROGRAMS.add


ECHO = "for item in channel: channel.send(item)"


@program
def every_simple_type(lab: Lab) -> None:
    channel = lab.gateway.remote_exec(ECHO)
    numbers = [0, -1, 2**31, -(2**31), 2**63, -(2**31) + 1, 2**200, 1.5, -0.0, float("inf"), 2j, True]
    texts = ["", "x", "\xe9\u20ac\U0001f600", "a\0b", b"", b"\xff"]
    containers = [
        [],
        (),
        {},
        set(),
        frozenset(),
        (1,),
        ((), ((),)),
        {1: {(2,): [3]}},
        {1, "a"},
        [None, (True,)],
    ]
    for item in [None, *numbers, *texts, *containers]:
        channel.send(item)
        back = channel.receive(PATIENCE_S)
        # Not of sets, in which members may change places.
        lab.show(type(back), back == item, isinstance(item, set) or repr(back) == repr(item))
    channel.close()


@program
def unsupported_objects(lab: Lab) -> None:
    class Text(str):
        __slots__ = ()

    class Number(enum.IntEnum):
        ONE = 1

    pair = namedtuple("pair", "a b")  # noqa: PYI024 - what users do
    channel = lab.gateway.remote_exec(ECHO)
    things: list[object] = [
        object(),
        object,
        len,
        lambda: 0,
        Text("x"),
        Number.ONE,
        pair(1, 2),
        range(3),
        ...,
    ]
    things += [dt.date(2020, 1, 1), decimal.Decimal(1), pathlib.Path("/"), OrderedDict(), Counter()]
    things += [
        ValueError("x"),
        threading.Lock(),
        iter([]),
        lab.gateway,
        lab.execnet,
        lab.execnet.XSpec("a"),
    ]
    for thing in [*things, [[object()]], {"a": (object(),)}, {object(): 1}, {pair(1, 2)}]:
        lab.attempt(channel.send, thing)
    channel.send("still works")
    lab.attempt(channel.receive, PATIENCE_S)
    channel.close()


@program
def unsupported_objects_that_xnet_can_send(lab: Lab) -> None:
    for thing in (bytearray(b"x"), memoryview(b"x"), -(2**31) - 1, "\udc80"):
        channel = lab.gateway.remote_exec(ECHO)
        try:
            channel.send(thing)
            lab.show(channel.receive(PATIENCE_S))
        except Exception as error:  # noqa: BLE001 - execnet has struct.error too
            lab.show(type(error).__name__)
        channel.close()


@program
def errors_of_unsupported_objects_are_data_format_errors(lab: Lab) -> None:
    execnet = lab.execnet
    channel = lab.gateway.newchannel()
    with pytest.raises(execnet.DataFormatError) as caught:
        channel.send(object())
    lab.show("object" in str(caught.value), issubclass(execnet.LoadError, execnet.DataFormatError))


@program
def timeouts(lab: Lab) -> None:
    channel = lab.gateway.remote_exec(ECHO)
    lab.attempt(channel.receive, 0.01)
    lab.attempt(channel.receive, timeout=0)
    lab.attempt(channel.waitclose, 0.01)
    lab.attempt(channel.waitclose, timeout=0)
    with pytest.raises(channel.TimeoutError):
        channel.receive(timeout=0.01)
    with pytest.raises(OSError, match=r"0\.01"):
        channel.receive(timeout=0.01)
    channel.send("later")
    lab.attempt(channel.receive, timeout=PATIENCE_S)
    lab.show(channel.isclosed())
    channel.close()


@program
def a_negative_timeout(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("channel.send(channel.receive())")
    channel.send(7)
    lab.attempt(channel.receive, timeout=-1)
    lab.attempt(channel.waitclose, timeout=-1)


@program
def a_closed_channel(lab: Lab) -> None:
    channel = lab.gateway.remote_exec(ECHO)
    lab.show(channel.isclosed())
    channel.close()
    lab.show(channel.isclosed())
    lab.attempt(channel.close)
    lab.attempt(channel.send, 1)
    lab.attempt(channel.receive)
    lab.attempt(channel.receive, 1)
    lab.attempt(list, channel)
    lab.attempt(next, channel)
    lab.attempt(channel.next)
    lab.attempt(channel.waitclose)
    lab.attempt(channel.waitclose, 1)
    lab.attempt(channel._getremoteerror)
    seen: list[object] = []
    lab.attempt(channel.setcallback, seen.append, "end")
    lab.show(seen)
    lab.attempt(channel.receive)


@program
def code_that_has_ended(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("channel.send(1); channel.send(2)")
    lab.attempt(channel.waitclose, PATIENCE_S)
    lab.show(channel.isclosed())
    lab.attempt(channel.receive)
    lab.attempt(next, channel)
    lab.attempt(channel.receive)
    lab.attempt(channel.receive)
    lab.attempt(next, channel)
    lab.attempt(channel.send, 1)
    lab.attempt(channel.waitclose)
    lab.attempt(channel.close)


@program
def an_error_after_items(lab: Lab) -> None:
    for first in ("receive", "waitclose"):
        channel = lab.gateway.remote_exec("channel.send(1); channel.send(2); 1/0")
        lab.attempt(getattr(channel, first), PATIENCE_S)
        for _ in range(4):
            lab.attempt(channel.receive, PATIENCE_S)
        lab.attempt(channel.waitclose, PATIENCE_S)
        lab.attempt(channel.send, 1)
        lab.show(channel.isclosed(), type(channel._getremoteerror()).__name__)


@program
def iterating(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("for i in range(3): channel.send(i)")
    lab.show(iter(channel) is channel)
    lab.attempt(list, channel)
    lab.attempt(list, channel)
    channel = lab.gateway.remote_exec("channel.send(1); raise ValueError(3)")
    lab.attempt(next, channel)
    lab.attempt(next, channel)
    lab.attempt(next, channel)
    lab.attempt(list, lab.gateway.remote_exec("channel.send(1); 1/0"))


@program
def many_and_large_items(lab: Lab) -> None:
    channel = lab.gateway.remote_exec(ECHO)
    for number in range(500):
        channel.send(number)
    lab.show([channel.receive(PATIENCE_S) for _ in range(500)] == list(range(500)))
    for size in (100_000, 3_000_000):
        channel.send(b"x" * size)
        lab.show(len(channel.receive(PATIENCE_S)))
    channel.close()


@program
def many_threads_on_many_channels(lab: Lab) -> None:
    def talk(number: int) -> None:
        channel = lab.gateway.remote_exec(ECHO)
        for item in range(50):
            channel.send([number, item])
        results[number] = [channel.receive(PATIENCE_S) for _ in range(50)]
        channel.close()

    results: dict[int, list[object]] = {}
    threads = [threading.Thread(target=talk, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    lab.show([results[number] == [[number, item] for item in range(50)] for number in range(5)])


@program
def new_channels_travel(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("""
        inner = channel.receive()
        inner.send(5)
        channel.send([inner, {"key": (inner,)}])
        channel.receive()
    """)
    inner = lab.gateway.newchannel()
    channel.send(inner)
    lab.attempt(inner.receive, PATIENCE_S)
    first, second = channel.receive(PATIENCE_S)
    lab.show(first is inner, second["key"][0] is inner)
    channel.send(None)
    lab.attempt(inner.waitclose, PATIENCE_S)
    lab.attempt(inner.receive, PATIENCE_S)
    lab.show(inner.isclosed())


@program
def channels_made_by_the_other_side(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("""
        inner = channel.gateway.newchannel()
        channel.send({"inner": inner, "id": inner.id})
        for item in inner: inner.send(item * 2)
        channel.send("ended")
    """)
    found = channel.receive(PATIENCE_S)
    inner = found["inner"]
    lab.show(type(inner) is lab.execnet.Channel, inner.id == found["id"], inner.id % 2, channel.id % 2)
    inner.send(21)
    lab.attempt(inner.receive, PATIENCE_S)
    inner.close()
    lab.attempt(channel.receive, PATIENCE_S)


@program
def closing_with_an_error(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("""
        inner = channel.gateway.newchannel()
        channel.send(inner)
        channel.receive()
        inner.close("the reason")
    """)
    inner = channel.receive(PATIENCE_S)
    channel.send(0)
    try:
        inner.receive(PATIENCE_S)
    except inner.RemoteError as error:
        lab.show(str(error), error.formatted)
    lab.attempt(inner.receive)
    lab.attempt(inner.waitclose)
    results = lab.gateway.newchannel()
    channel = lab.gateway.remote_exec("""
        results = channel.receive()
        try:
            channel.receive()
        except channel.RemoteError as error:
            results.send([str(error), channel.isclosed()])
    """)
    channel.send(results)
    channel.close("no more")
    lab.attempt(results.receive, PATIENCE_S)
    lab.attempt(channel.receive)
    lab.attempt(channel.waitclose)


@program
def closing_with_an_error_that_is_no_text(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("channel.receive()")
    lab.attempt(channel.close, ValueError("x"))
    lab.show(channel.isclosed())
    if not channel.isclosed():
        channel.close()


@program
def a_dropped_channel_closes(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("""
        import gc
        inner = channel.receive()
        del inner
        gc.collect()
        channel.send("dropped")
    """)
    inner = lab.gateway.newchannel()
    channel.send(inner)
    lab.attempt(channel.receive, PATIENCE_S)
    lab.attempt(inner.waitclose, PATIENCE_S)
    lab.attempt(inner.receive)


@program
def a_channel_of_another_gateway(lab: Lab) -> None:
    other = lab.group("popen")[0]
    lab.attempt(other.remote_exec("pass").send, lab.gateway.newchannel())


@program
def what_a_channel_is(lab: Lab) -> None:
    channel = lab.gateway.newchannel()
    lab.show(repr(channel) == f"<Channel id={channel.id} open>", str(channel) == repr(channel))
    lab.show(channel == channel, channel == lab.gateway.newchannel(), len({channel, channel}), bool(channel))
    lab.show(channel.gateway is lab.gateway, channel.RemoteError is lab.execnet.RemoteError)
    lab.show(channel.TimeoutError is lab.execnet.TimeoutError, channel._executing)
    channel.node = "mine"
    lab.show(channel.node, lab.gateway.newchannel().id - channel.id)
    lab.attempt(lambda: channel < channel)
    lab.attempt(len, channel)
    lab.attempt(lambda: channel.nothing)
    lab.attempt(pickle.dumps, channel)
    channel.close()
    lab.show(repr(channel) == f"<Channel id={channel.id} closed>")


ON_PURPOSE = {
    "unsupported_objects_that_xnet_can_send": Difference(
        "what can be sent without loss is sent: any int, any text; bytes in other clothes arrive as bytes",
        ["b'x'", "b'x'", "-2147483649", "'\\udc80'"],
    ),
    "a_channel_of_another_gateway": Difference(
        "execnet sends its number, which means another channel there", ["raises execnet.DumpError"]
    ),
    "closing_with_an_error_that_is_no_text": Difference(
        "any object is taken by its text, not refused after the call has done half", ["None", "True"]
    ),
    "a_negative_timeout": Difference(
        "the reference calls -1 the default: wait for as long as it takes", ["7", "None"]
    ),
}


@pytest.mark.parametrize("name", PROGRAMS.by_name)
def test_same(name: str, twins: Twins) -> None:
    PROGRAMS.compare(name, twins, ON_PURPOSE)
