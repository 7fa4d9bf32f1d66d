"""The public names are execnet's, and cost nothing until they are used."""

from __future__ import annotations

import pytest

import xnet
import xnet_group.default
from xnet_programs import output_of

PUBLIC = {
    "Channel",
    "DataFormatError",
    "DumpError",
    "Gateway",
    "Group",
    "HostNotFound",
    "LoadError",
    "MultiChannel",
    "RSync",
    "RemoteError",
    "TimeoutError",
    "XSpec",
    "__version__",
    "default_group",
    "dump",
    "dumps",
    "load",
    "loads",
    "makegateway",
    "set_execmodel",
}


def test_every_public_name_is_there() -> None:
    assert set(xnet.__all__) == PUBLIC | {"Limits", "NeverBegunError", "Source", "install_as_execnet"}
    assert set(xnet.__all__) <= set(dir(xnet))
    for name in PUBLIC:
        assert getattr(xnet, name) is not None
    with pytest.raises(AttributeError, match="module 'xnet' has no attribute 'nothing'"):
        xnet.nothing  # noqa: B018


def test_execnet_has_the_same_names() -> None:
    execnet = pytest.importorskip("execnet", reason="compares with released execnet, which is not installed")
    assert set(execnet.__all__) == PUBLIC


def test_the_short_functions_are_the_default_groups() -> None:
    assert xnet.default_group is xnet_group.default.default_group
    assert xnet.makegateway == xnet.default_group.makegateway
    assert xnet.set_execmodel == xnet.default_group.set_execmodel


def test_error_classes_are_related_as_in_execnet() -> None:
    assert issubclass(xnet.DumpError, xnet.DataFormatError)
    assert issubclass(xnet.LoadError, xnet.DataFormatError)
    assert issubclass(xnet.TimeoutError, OSError)
    assert xnet.Channel.RemoteError is xnet.RemoteError
    assert xnet.Channel.TimeoutError is xnet.TimeoutError


def test_a_first_program() -> None:
    gateway = xnet.makegateway()
    try:
        assert gateway.remote_exec("channel.send(channel.receive() * 2)").gateway is gateway
        channel = gateway.remote_exec("channel.send(channel.receive() * 2)")
        channel.send(21)
        assert channel.receive(200) == 42
    finally:
        xnet.default_group.terminate(timeout=1.0)


LOADED = """
print([name for name in ('xnet_gateway.transports.popen', 'xnet_channel.threads.session')
    if name in sys.modules])
"""


def test_importing_loads_what_starts_a_process_and_not_what_talks_to_it() -> None:
    assert output_of(f"import sys, xnet\n{LOADED}") == "['xnet_gateway.transports.popen']\n"


def test_a_worker_that_imports_it_loads_nothing_that_starts_others() -> None:
    program = "import sys, xnet_gateway.worker.main, xnet; print('subprocess' in sys.modules)"
    assert output_of(program) == "False\n"
