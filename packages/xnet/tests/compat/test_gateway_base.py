"""The names of ``execnet.gateway_base`` are there and are the ones used everywhere else."""

from __future__ import annotations

import io

import pytest

import xnet
from xnet.compat import gateway_base
from xnet_programs import run


def test_everything_it_promises_is_there() -> None:
    for name in gateway_base.__all__:
        assert hasattr(gateway_base, name)


def test_classes_are_the_public_ones() -> None:
    for name in ("Channel", "DataFormatError", "DumpError", "LoadError", "RemoteError", "TimeoutError"):
        assert getattr(gateway_base, name) is getattr(xnet, name)
    for kind in (xnet.Gateway, gateway_base.WorkerGateway):
        assert issubclass(kind, gateway_base.BaseGateway)
    for name in ("thread", "main_thread_only", "gevent", "eventlet"):
        model = gateway_base.get_execmodel(name)
        words = name.replace("_", " ").title().replace(" ", "")
        assert model.backend == name
        assert type(model) is getattr(gateway_base, f"{words}ExecModel")


def test_stored_data_is_read_and_written_by_the_serializer_classes() -> None:
    data = gateway_base._Serializer().save({"a": [1, None]})
    assert data is not None
    assert gateway_base.Unserializer(io.BytesIO(data)).load() == {"a": [1, None]}
    assert gateway_base.dumps({"a": [1, None]}) == gateway_base.DUMPFORMAT_VERSION + data


def test_error_texts() -> None:
    error = gateway_base.RemoteError("the text")
    assert (str(error), repr(error), error.formatted) == ("the text", "RemoteError: the text", "the text")
    with pytest.raises(ValueError, match="why") as caught:
        raise ValueError("why")
    assert gateway_base.geterrortext(caught.value).endswith("ValueError: why\n")


def test_dumps_without_a_version() -> None:
    execnet = pytest.importorskip("execnet.gateway_base", reason="compares with released execnet")
    for value in (None, (1, "a"), {"k": [b"x", 1.5, 1j]}):
        data = gateway_base.dumps_internal(value)
        assert data == execnet.dumps_internal(value)
        assert gateway_base.loads_internal(data) == value
    assert gateway_base.loads_internal(gateway_base.dumps_internal("x"), None, (False, True)) == b"x"


def test_values_are_execnets() -> None:
    execnet = pytest.importorskip("execnet.gateway_base", reason="compares with released execnet")
    names = (
        "FLOAT_FORMAT",
        "COMPLEX_FORMAT",
        "DEBUG",
        "DUMPFORMAT_VERSION",
        "INTERRUPT_TEXT",
        "sysex",
        "pid",
    )
    more = (
        "pid",
        "FLOAT_FORMAT_SIZE",
        "COMPLEX_FORMAT_SIZE",
        "FOUR_BYTE_INT_MAX",
        "MAIN_THREAD_ONLY_DEADLOCK_TEXT",
    )
    for name in names + more:
        assert getattr(gateway_base, name) == getattr(execnet, name)
    assert gateway_base.MAIN_THREAD_ONLY_DEADLOCK_TEXT == execnet.MAIN_THREAD_ONLY_DEADLOCK_TEXT
    assert gateway_base.bchr(200) == execnet.bchr(200)


def test_trace_writes_only_when_asked() -> None:
    program = "from xnet.compat.gateway_base import trace, notrace; trace('a', 1); notrace('b')"
    done = run("-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    done = run("-c", f"import os; os.environ['EXECNET_DEBUG'] = '2'; {program}")
    assert done.stderr.endswith(" a 1\n")
    assert len(done.stderr.splitlines()) == 1


def test_classes_to_catch_and_to_annotate_with() -> None:
    assert issubclass(gateway_base.GatewayReceivedTerminate, Exception)
    assert all(
        isinstance(kind, type) for kind in (gateway_base.IO, gateway_base.ReadIO, gateway_base.WriteIO)
    )


def test_names_that_can_be_replaced_or_compared() -> None:
    program = """
from xnet.compat import gateway_base as base
from xnet.compat.message import Message
from xnet.compat.multi import Group
print(base.trace is base.notrace, hasattr(base, "fn"), base.Channel._INTERNALWAKEUP)
print([Message._types[code] for code in (0, 7)], len(Message._types))
group = Group(["popen"])
group._cleanup_atexit()
print(len(group))
"""
    done = run("-c", program)
    assert done.stdout.splitlines() == ["True False 1000", "['STATUS', 'CHANNEL_LAST_MESSAGE'] 8", "0"], done
