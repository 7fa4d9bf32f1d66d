"""Programs with channel files and with the dump format show the same on execnet and on xnet."""

from __future__ import annotations

import io

import pytest

from execnet_twins import PATIENCE_S, Difference, Lab, Programs, Twins

PROGRAMS = Programs()
program = PROGRAMS.add


@program
def writing_to_a_file(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("for item in channel: channel.send(item)")
    file = channel.makefile("w")
    for data in ("text", b"bytes", ""):
        file.write(data)
        lab.attempt(channel.receive, PATIENCE_S)
    print("line", 5, file=file)
    lab.show([channel.receive(PATIENCE_S) for _ in range(4)])
    lab.show(file.isatty(), file.flush())
    file.close()
    lab.show(channel.isclosed())
    lab.show(type(channel.makefile()).__name__)
    file = channel.makefile("w", proxyclose=True)
    file.close()
    lab.show(channel.isclosed())
    lab.attempt(file.write, "x")
    lab.attempt(file.close)


@program
def writing_after_closing_a_file(lab: Lab) -> None:
    channel = lab.gateway.newchannel()
    file = channel.makefile("w")
    lab.attempt(file.close)
    lab.attempt(file.write, "x")
    lab.show(channel.isclosed())


@program
def reading_from_a_file(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("for text in ('ab', 'c\\nd', '', 'e\\n\\n', 'end'): channel.send(text)")
    file = channel.makefile("r")
    lab.attempt(file.read, 1)
    lab.attempt(file.read, 3)
    lab.attempt(file.read, 0)
    for _ in range(5):
        lab.attempt(file.readline)
    lab.attempt(file.read, 5)
    lab.show(file.isatty(), file.close())
    channel = lab.gateway.remote_exec("channel.send('abc'); 1/0")
    file = channel.makefile(mode="r")
    lab.attempt(file.read, 2)
    lab.attempt(file.read, 2)
    channel = lab.gateway.remote_exec("channel.send('a'); channel.receive()")
    file = channel.makefile("r", proxyclose=True)
    file.close()
    lab.show(channel.isclosed())


@program
def more_than_a_file_of_execnet_has(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("channel.send('a\\nb')")
    lab.attempt(lambda: list(channel.makefile("r")))
    channel = lab.gateway.newchannel()
    file = channel.makefile("w")
    lab.attempt(lambda: file.encoding)
    lab.attempt(lambda: not file.closed)
    lab.attempt(file.write, "abc")
    lab.attempt(lab.gateway.remote_exec("channel.send('a\\nb')").makefile("r").read)
    lab.attempt(lambda: file.writelines(["a"]))


@program
def writing_what_is_no_text(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("channel.send(channel.receive())")
    lab.attempt(channel.makefile("w").write, 5)
    lab.attempt(channel.receive, 1)
    channel.close()


@program
def what_a_file_prints_as(lab: Lab) -> None:
    channel = lab.gateway.newchannel()
    for mode in ("r", "w"):
        lab.show(repr(channel.makefile(mode)).replace(str(channel.id), "ID"))


@program
def modes_of_files(lab: Lab) -> None:
    for mode in ("rw", "a", "rb", "", None, "W"):
        lab.attempt(lab.gateway.newchannel().makefile, mode)


@program
def a_file_as_standard_output(lab: Lab) -> None:
    lab.execute("""
        import sys
        before, sys.stdout = sys.stdout, channel.makefile("w")
        print("hello", end="")
        sys.stdout.flush()
        sys.stdout = before
    """)
    lab.execute("""
        import contextlib
        with contextlib.redirect_stdout(channel.makefile("w")):
            print("a", "b")
    """)


@program
def dumps_of_everything(lab: Lab) -> None:
    numbers = [0, -1, 2**31 - 1, 2**31, -(2**31), 2**64, 1.5, float("inf"), -0.0, 1j, True, False, None]
    for value in [*numbers, "", "\xe9", b"x", (), (1,), [1, [2]], {1: 2}, {1}, frozenset([1]), ((), ())]:
        data = lab.execnet.dumps(value)
        lab.show(data, lab.execnet.loads(data) == value)


@program
def dumps_of_what_cannot_be(lab: Lab) -> None:
    for value in (object(), int, range(3), [object()], {1: object()}, "\ud800", bytearray(b"x"), lab.gateway):
        lab.attempt(lab.execnet.dumps, value)


@program
def dumps_of_a_channel(lab: Lab) -> None:
    lab.attempt(lab.execnet.dumps, lab.gateway.newchannel())


@program
def loads_of_damaged_data(lab: Lab) -> None:
    good = lab.execnet.dumps(5)
    for data in (b"", b"x", b"\1Q", good[:-1], good[:1]):
        lab.attempt(lab.execnet.loads, data)
    lab.attempt(lab.execnet.loads, good + b"more")
    lab.attempt(lab.execnet.loads, "text")


@program
def loads_of_data_cut_inside_a_number(lab: Lab) -> None:
    try:
        lab.execnet.loads(lab.execnet.dumps(5)[:3])
    except Exception as error:  # noqa: BLE001 - execnet has struct.error
        lab.show(type(error).__name__)


@program
def dumps_in_files(lab: Lab) -> None:
    stream = io.BytesIO()
    for value in ([1, "a"], {"k": None}):
        lab.attempt(lab.execnet.dump, stream, value)
    lab.show(stream.getvalue())
    stream.seek(0)
    lab.attempt(lab.execnet.load, stream)
    lab.attempt(lab.execnet.load, stream)
    lab.attempt(lab.execnet.load, stream)


@program
def strings_of_python_2(lab: Lab) -> None:
    text, data = lab.execnet.dumps(["x", b"y"]), b"\x02M\0\0\0\x01zQ"  # the latter written by Python 2
    for keywords in ({}, {"py2str_as_py3str": True}, {"py3str_as_py2str": True}, {"py2str_as_py3str": False}):
        lab.attempt(lab.execnet.loads, text, **keywords)
        lab.attempt(lab.execnet.loads, data, **keywords)


@program
def coercion_of_strings(lab: Lab) -> None:
    gateway = lab.group("popen")[0]
    source = "for item in channel: channel.send([str(type(item)), item])"
    for keywords in ({}, {"py2str_as_py3str": False}, {"py3str_as_py2str": True}, {"py2str_as_py3str": True}):
        gateway.reconfigure(**keywords)
        channel = gateway.remote_exec(source)
        for item in ("text", b"bytes"):
            channel.send(item)
            lab.attempt(channel.receive, PATIENCE_S)
        channel.close()
    gateway.reconfigure()
    channel = gateway.remote_exec(source)
    channel.reconfigure(py3str_as_py2str=True)
    for item in ("text", b"bytes"):
        channel.send(item)
        lab.attempt(channel.receive, PATIENCE_S)
    other = gateway.remote_exec("channel.send('unchanged')")
    lab.attempt(other.receive, PATIENCE_S)
    channel.close()


ON_PURPOSE = {
    "writing_after_closing_a_file": Difference(
        "a closed file is closed, as in the standard library", ["None", "raises OSError", "False"]
    ),
    "more_than_a_file_of_execnet_has": Difference(
        "channel files are nearly files", ["['a\\n', 'b']", "'utf-8'", "True", "3", "'a\\nb'", "None"]
    ),
    "dumps_of_a_channel": Difference(
        "a dump is for data on disk, where the number of a channel means nothing",
        ["raises execnet.DumpError"],
    ),
    "loads_of_data_cut_inside_a_number": Difference(
        "data that ends too early is an EOFError, wherever it ends", ["'EOFError'"]
    ),
}


@pytest.mark.parametrize("name", PROGRAMS.by_name)
def test_same(name: str, twins: Twins) -> None:
    PROGRAMS.compare(name, twins, ON_PURPOSE)
