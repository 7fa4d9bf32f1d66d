"""How an execution describes its end, and how a forked child of it ends. Spec: GW-010, GW-018."""

from __future__ import annotations

import linecache

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway.gateway import Gateway
from xnet_gateway.worker.exec_task import NO_FILE, exit_status
from xnet_wire import frames, messages


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SystemExit(), (0, "")),
        (SystemExit(None), (0, "")),
        (SystemExit(3), (3, "")),
        (SystemExit(256), (0, "")),
        (SystemExit(-1), (255, "")),
        (SystemExit("words"), (1, "words\n")),
    ],
)
def test_exit_status_is_pythons(error: SystemExit, status: tuple[int, str]) -> None:
    assert exit_status(error) == status


def execute(gateway: Gateway, request: messages.ExecRequest) -> str:
    channel = gateway.session.request(frames.CHANNEL_EXEC, messages.encode_exec(request))
    with pytest.raises(channel.RemoteError) as caught:
        channel.waitclose(PATIENCE_S)
    return caught.value.formatted


def test_gw_010_a_missing_function_is_named(shared: Gateway) -> None:
    text = execute(shared, messages.ExecRequest("a = 1", call="nowhere"))
    assert "the source defines no function 'nowhere'" in text


def test_gw_018_the_lines_of_a_file_that_does_not_exist_there(shared: Gateway) -> None:
    text = execute(shared, messages.ExecRequest("\n\nraise ValueError  # line 3", "/nowhere/code.py"))
    assert 'File "/nowhere/code.py", line 3' in text
    assert "raise ValueError  # line 3" in text


def test_gw_018_inspect_shows_the_lines_in_executed_code(shared: Gateway) -> None:
    source = """
        import inspect, linecache
        channel.send(1)
    """
    shared.remote_exec(source).waitclose(PATIENCE_S)  # a first use: from now on lines are registered
    channel = shared.remote_exec("""
        import inspect
        def visible():
            return "this line"
        channel.send((inspect.getsource(visible), inspect.stack()[0].code_context))
    """)
    text, context = channel.receive(PATIENCE_S)
    assert 'return "this line"' in text
    assert "inspect.stack()" in context[0]


def test_gw_018_sources_without_a_file_have_one_name() -> None:
    assert NO_FILE == "<remote exec>"
    assert NO_FILE not in linecache.cache  # ours is not touched


def test_gw_010_null_bytes_and_wrong_arguments(shared: Gateway) -> None:
    assert "null byte" in execute(shared, messages.ExecRequest("a\0b"))
    text = execute(shared, messages.ExecRequest("def f(channel): pass", call="f", kwargs={"extra": 1}))
    assert "unexpected keyword argument 'extra'" in text


def test_gw_010_code_that_makes_tracebacks_impossible(gateways: Gateways) -> None:
    """A plain traceback arrives, and the worker lives on."""
    gateway = gateways()
    source = "import sys; sys.modules['traceback'] = sys.modules['linecache'] = None; raise KeyError('words')"
    text = execute(gateway, messages.ExecRequest(source))
    assert text.startswith(
        'Traceback (most recent call last):\n  File "<remote exec>", line 1, in <module>\n'
    )
    assert text.endswith(
        "KeyError: 'words'\n(a plain traceback: ModuleNotFoundError while a full one was made)\n"
    )
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


def test_an_error_without_words(gateways: Gateways) -> None:
    source = "class E(Exception):\n    def __str__(self): raise TypeError\nraise E"
    source = "import sys\nsys.modules['traceback'] = None\n" + source
    text = execute(gateways(), messages.ExecRequest(source))
    assert "\n__channelexec__.E: <exception str() failed>\n" in text


def test_nothing_of_ours_is_imported_from_the_future(shared: Gateway) -> None:
    source = "def function(x: int): pass\nchannel.send(function.__annotations__['x'] is int)"
    assert shared.remote_exec(source).receive(PATIENCE_S) is True
