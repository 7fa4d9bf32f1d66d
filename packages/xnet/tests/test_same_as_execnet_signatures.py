"""What can be called takes the same arguments, by place and by name, as in execnet."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from execnet_twins import Twins

FUNCTIONS = ("dump", "dumps", "load", "loads", "makegateway", "set_execmodel")
MADE_BY_USERS = ("Group", "MultiChannel", "RSync", "RemoteError", "XSpec")
METHODS = {
    "Channel": "close isclosed makefile next receive reconfigure send setcallback waitclose",
    "Gateway": "exit hasreceiver join newchannel reconfigure remote_exec remote_status _rinfo",
    "Group": "allocate_id makegateway remote_exec set_execmodel terminate",
    "MultiChannel": "make_receive_queue receive_each send_each waitclose",
}
MODULES = {
    "gateway": "rinfo_source Gateway.remote_init_threads",
    "gateway_base": "Message Popen2IO Reply Unserializer WorkerPool _Serializer bchr dumps_internal"
    " get_execmodel init_popen_io loads_internal notrace serve trace",
    "gateway_io": "popen_args shell_split_path ssh_args vagrant_ssh_args",
    "multi": "safe_terminate",
    "rsync_remote": "serve_rsync",
}
NAMES = [
    *FUNCTIONS,
    *MADE_BY_USERS,
    *(f"{kind}.{name}" for kind, names in METHODS.items() for name in names.split()),
    *(f"{module}:{name}" for module, names in MODULES.items() for name in names.split()),
]


def parameters_of(thing: Any) -> list[tuple[str, Any, Any]]:
    """Return name, kind and default of each; a default that only stands for none is not compared."""
    found = []
    for parameter in inspect.signature(thing).parameters.values():
        default = parameter.default
        plain = default is parameter.empty or isinstance(default, (bool, int, str, tuple, type(None)))
        found.append((parameter.name, parameter.kind, default if plain else "of its own"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_ours_begin_as_execnets(name: str, twins: Twins) -> None:
    theirs, ours = twins.find(name)
    expected, found = parameters_of(theirs), parameters_of(ours)
    assert found[: len(expected)] == expected
    # What is ours alone can be left out.
    for _, kind, default in found[len(expected) :]:
        assert default is not inspect.Parameter.empty or kind is inspect.Parameter.VAR_KEYWORD
