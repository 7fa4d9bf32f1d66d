"""``import execnet`` gives xnet, here and in every worker."""

from __future__ import annotations

import pytest

from xnet.alias import TARGETS
from xnet_programs import aliased, output_of, run


def test_execnet_is_xnet() -> None:
    program = (
        "import execnet, sys\n"
        "assert sys.modules['execnet'] is execnet\n"
        "assert execnet.__spec__.name == execnet.__name__ == 'xnet.compat.execnet'\n"
        "from execnet import Group, RemoteError\n"
        "assert Group is xnet.Group and execnet.makegateway is xnet.makegateway\n"
    )
    aliased(program)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_every_submodule_imports_first_and_alone(name: str) -> None:
    program = f"import importlib, sys; print(importlib.import_module({name!r}).__name__)"
    assert aliased(program) == f"{TARGETS[name]}\n"


def test_the_version_is_the_one_of_execnet_that_programs_compare_with() -> None:
    program = (
        "import execnet, execnet._version\n"
        "print(execnet.__version__, execnet._version.version_tuple, xnet.__version__)\n"
    )
    assert aliased(program) == "2.1.2 (2, 1, 2) 0.1.0\n"


def test_all_names_can_be_imported_at_once() -> None:
    assert aliased("from execnet import *\nprint(Group(), __version__)") == "<Group []> 2.1.2\n"


def test_a_wrong_name_is_no_other_module() -> None:
    program = (
        "import execnet\n"
        "for name in ('nothing', '__wrapped__', '__file_'):\n"
        "    try: getattr(execnet, name)\n"
        "    except AttributeError as error: print(name in str(error))\n"
    )
    assert aliased(program) == "True\nTrue\nTrue\n"


def test_submodules_are_attributes() -> None:
    program = (
        "import execnet\n"
        "print(execnet.gateway_base.get_execmodel('thread'))\n"
        "print(execnet.gateway_bootstrap.HostNotFound.__name__)\n"
        "import execnet.multi, execnet.xspec\n"
        "assert execnet.multi.Group is execnet.Group and execnet.xspec.XSpec is execnet.XSpec\n"
    )
    assert aliased(program) == "<ExecModel 'thread'>\nHostNotFound\n"


def test_what_is_not_there_is_not_taken_from_the_real_execnet() -> None:
    program = (
        "try: import execnet.script.quitserver\n"
        "except ModuleNotFoundError as error: print(error, '|', error.name)\n"
    )
    assert aliased(program) == (
        "execnet.script.quitserver is not part of xnet, which stands for execnet in this process"
        " | execnet.script.quitserver\n"
    )


def test_installing_twice_does_nothing_more() -> None:
    aliased("import sys; n = len(sys.meta_path); xnet.install_as_execnet(); assert len(sys.meta_path) == n")


def test_installing_after_xnet_was_used() -> None:
    output_of(
        "import xnet; spec = xnet.XSpec('popen'); xnet.install_as_execnet()\n"
        "import execnet; assert isinstance(spec, execnet.XSpec)\n"
    )


def test_it_is_too_late_once_execnet_is_imported() -> None:
    pytest.importorskip("execnet", reason="needs the real execnet, which is not installed")
    done = run("-c", "import execnet, xnet; xnet.install_as_execnet()")
    assert done.returncode == 1
    assert "RuntimeError: execnet was already imported, from '" in done.stderr
    assert "call xnet.install_as_execnet() before anything imports execnet" in done.stderr


def test_importing_the_alias_and_installing_it_is_cheap() -> None:
    program = (
        "import sys, xnet_gateway.worker.main; before = set(sys.modules)\n"
        "from xnet import alias; alias.install(in_worker=True)\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    assert output_of(program) == "['xnet', 'xnet.alias', 'xnet_gateway.worker_config']\n"


def test_workers_have_the_alias_and_our_classes() -> None:
    source = (
        "import execnet, execnet.gateway_base\n"
        "try: channel.send(object())\n"
        "except execnet.DumpError as error: channel.send(str(error))\n"
        "channel.send([execnet.__name__, isinstance(channel, execnet.Channel),\n"
        "    isinstance(channel.gateway.execmodel, execnet.gateway_base.ExecModel)])\n"
    )
    program = (
        f"import execnet; channel = execnet.makegateway().remote_exec({source!r})\n"
        "print(channel.receive(200)); print(channel.receive(200)); execnet.default_group.terminate(5)\n"
    )
    first, second = aliased(program).splitlines()
    assert "object" in first
    assert second == "['xnet.compat.execnet', True, True]"


def test_workers_of_workers_have_the_alias() -> None:
    inner = "import execnet; channel.send(execnet.__name__)"
    source = (
        "import execnet; group = execnet.Group(['popen'])\n"
        f"channel.send(group.remote_exec({inner!r}).receive_each()); group.terminate(5)\n"
    )
    program = (
        f"import execnet; print(execnet.makegateway().remote_exec({source!r}).receive(200))\n"
        "execnet.default_group.terminate(5)\n"
    )
    assert aliased(program) == "['xnet.compat.execnet']\n"


def test_without_the_alias_workers_are_left_alone() -> None:
    program = (
        "import xnet\n"
        'source = "import sys; channel.send([type(f).__name__ for f in sys.meta_path])"\n'
        "print('AliasFinder' in xnet.makegateway().remote_exec(source).receive(200))\n"
        "xnet.default_group.terminate(5)\n"
    )
    assert output_of(program) == "False\n"


def test_a_bare_worker_where_xnet_is_installed_has_all_of_it() -> None:
    """Its own few names are for interpreters that lack xnet."""
    program = (
        "import os, sys\n"
        "folder, name = os.path.split(sys.executable)\n"
        "other = os.path.join(folder, '..', os.path.basename(folder), name)\n"
        "gateway = xnet.makegateway('popen//python=' + other)\n"
        "source = 'import execnet, sys, xnet; is_bare = \"xnet_bare_worker\" in sys.modules;'\n"
        "source += 'channel.send((execnet.__name__, is_bare, execnet.makegateway is xnet.makegateway))'\n"
        "print(gateway.remote_exec(source).receive(200))\n"
        "gateway.exit()\n"
    )
    assert aliased(program) == "('xnet.compat.execnet', True, True)\n"
