"""Programs with groups, gateways and many channels show the same on execnet and on xnet."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

import twin_sources
from execnet_twins import PATIENCE_S, Difference, Lab, Programs, Twins

PROGRAMS = Programs()
program = PROGRAMS.add
MISSING_FOLDER = os.path.join(os.sep, "no", "such", "folder")


# -- a group as a container ----------------------------------------------------------------------------


@program
def an_empty_group(lab: Lab) -> None:
    group = lab.group()
    lab.show(repr(group), str(group), len(group), list(group), bool(group), group.defaultspec)
    lab.show(group.execmodel.backend, group.remote_execmodel.backend)
    lab.attempt(lambda: group[0])
    lab.attempt(lambda: group["gw0"])
    lab.show("gw0" in group, None in group)
    lab.attempt(group.terminate)
    lab.attempt(group.terminate, timeout=1)
    channels = group.remote_exec("pass")
    lab.show(
        len(channels), list(channels), channels.receive_each(), channels.waitclose(), channels.send_each(1)
    )


@program
def members(lab: Lab) -> None:
    group = lab.group("popen//id=a", "popen", "popen//id=b")
    lab.show(group, len(group), [gateway.id for gateway in group])
    lab.show(group[0].id, group[-1].id, group["gw0"] is group[1], group[group[2]] is group[2])
    lab.show("a" in group, "x" in group, 2 in group, -3 in group, group[0] in group, None in group)
    for key in (3, -4, "x", None, 1.5, slice(0, 1), lab.gateway):
        lab.attempt(lambda key=key: group[key] and None)
    iterator = iter(group)
    next(iterator).exit()
    lab.show([gateway.id for gateway in iterator], len(group), "a" in group)


@program
def a_number_that_no_member_has(lab: Lab) -> None:
    group = lab.group("popen")
    lab.attempt(lambda: 1 in group)


@program
def ids(lab: Lab) -> None:
    group = lab.group("popen", "popen//id=mine", "popen")
    lab.show([gateway.id for gateway in group])
    spec = lab.execnet.XSpec("popen")
    lab.attempt(group.allocate_id, spec)
    lab.show(spec.id, group.makegateway().id)
    lab.attempt(group.allocate_id, spec)
    lab.show(spec.id)
    group[0].exit()
    lab.show(group.makegateway().id)
    group.terminate(timeout=1)
    lab.show(group.makegateway().id, len(group))


@program
def ids_from_many_threads(lab: Lab) -> None:
    group = lab.group()
    threads = [threading.Thread(target=group.makegateway) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    lab.show(sorted(gateway.id for gateway in group))


@program
def specifications(lab: Lab) -> None:
    group = lab.group()
    for spec in (None, "", "popen", "popen//own=1", "popen//flag", "popen=1", lab.execnet.XSpec("popen")):
        gateway = group.makegateway(spec)
        lab.show(gateway.id, str(gateway.spec), gateway.spec.execmodel, gateway.spec.id)
        lab.show(gateway.spec is spec, gateway.spec.own, gateway.spec.flag, gateway.spec.never)
    group.defaultspec = "popen//id=default"
    lab.show(group.makegateway().id, lab.execnet.Group.defaultspec)
    lab.show([gateway.id for gateway in lab.execnet.Group()])


@program
def specifications_that_mean_nothing(lab: Lab) -> None:
    group = lab.group()
    for spec in (
        "id=x",
        "bogus",
        "POPEN",
        "a=b=c",
        "popen=",
        "ssh=",
        "popen//_x=1",
        "popen//x//x",
        "popen//id=a//id=b",
    ):
        lab.attempt(group.makegateway, spec)
    lab.attempt(group.makegateway, "popen//nice=x")


@program
def specifications_with_mistakes_that_execnet_finds_late(lab: Lab) -> None:
    group = lab.group()
    for spec in (
        f"popen//chdir={MISSING_FOLDER}",
        "popen//env:A",
        "popen//chdir",
        "popen//via=nobody",
        "popen//",
    ):
        lab.attempt(group.makegateway, spec)
    for no_spec in (5, ["popen"]):
        lab.attempt(group.makegateway, no_spec)
    lab.show(len(group))


@program
def what_a_specification_sets(lab: Lab) -> None:
    folder = _folder / lab.execnet.__name__
    group = lab.group()
    source = """
        import os, sys
        names = ("TWIN_A", "TWIN_B")
        channel.send([os.getcwd(), [os.environ.get(name) for name in names]])
    """
    for spec in (
        f"chdir={_folder}",
        f"chdir={folder}",  # made, if it is the last part
        "env:TWIN_A=1//env:TWIN_B=a=b c",
        "env:TWIN_A=",
        "chdir=//nice=//python=//via=//installvia=//dont_write_bytecode=",
        # Not nice=: which thread of execnet's worker gets it is a race.
    ):
        channel = group.makegateway(f"popen//{spec}").remote_exec(source)
        where, environment = channel.receive(PATIENCE_S)
        lab.show(Path(where) == folder.resolve(), environment)
    gateway = group.makegateway("popen//dont_write_bytecode")
    lab.attempt(gateway.remote_exec("import sys; channel.send(sys.dont_write_bytecode)").receive, PATIENCE_S)


@program
def execution_models(lab: Lab) -> None:
    group = lab.group()
    lab.attempt(group.set_execmodel, "thread", "main_thread_only")
    lab.show(group.execmodel.backend, group.remote_execmodel.backend)
    lab.show(group.makegateway().spec.execmodel, group.makegateway("popen//execmodel=thread").spec.execmodel)
    lab.attempt(group.set_execmodel, "thread")
    group.terminate(timeout=1)
    lab.attempt(group.set_execmodel, "thread")
    lab.show(group.execmodel.backend, group.remote_execmodel.backend)
    lab.attempt(group.set_execmodel, "nonsense")
    lab.attempt(group.set_execmodel, "thread", "nonsense")
    lab.attempt(lab.execnet.Group, execmodel="nonsense")
    lab.show(repr(group.execmodel), lab.execnet.Group(execmodel="main_thread_only").execmodel.backend)


@program
def execution_model_objects(lab: Lab) -> None:
    base = lab.submodule("gateway_base")
    model = base.get_execmodel("thread")
    lab.show(
        model.backend, base.get_execmodel(model) is model, isinstance(model, base.ExecModel), repr(model)
    )
    for name in ("RLock", "Event"):
        lab.show(type(getattr(model, name)()).__name__)
    lab.show(model.get_ident() == threading.get_ident(), model.sleep(0), model.queue.__name__)
    done = model.Event()
    model.start(done.set)
    lab.show(
        done.wait(PATIENCE_S), lab.gateway.execmodel.backend, model.socket.__name__, model.subprocess.__name__
    )
    lab.attempt(base.get_execmodel, "nonsense")


@program
def locks_of_an_execution_model(lab: Lab) -> None:
    lock = lab.gateway.execmodel.Lock()
    lab.show(lock.acquire(), lock.acquire(timeout=0.01))


# -- gateways ------------------------------------------------------------------------------------------


@program
def what_a_gateway_is(lab: Lab) -> None:
    gateway = lab.group("popen//id=one")[0]
    lab.show(
        gateway.id, gateway.hasreceiver(), type(gateway).__name__, isinstance(gateway, lab.execnet.Gateway)
    )
    lab.show(gateway == gateway, gateway == lab.gateway, len({gateway, gateway}), bool(gateway))
    gateway.node = "mine"
    lab.show(gateway.node, "id='one' receive-live" in repr(gateway), repr(gateway).startswith("<Gateway "))
    lab.attempt(lambda: gateway.nothing)
    lab.show(gateway.execmodel.backend, gateway.spec == lab.execnet.XSpec("popen//id=one"))
    lab.attempt(gateway.join, 0.01)


@program
def leaving(lab: Lab) -> None:
    group = lab.group("popen", "popen")
    gateway = group[0]
    lab.attempt(gateway.exit)
    lab.show(group, gateway in group, gateway.id in group)
    lab.attempt(gateway.exit)
    lab.attempt(gateway.join)
    lab.show(gateway.hasreceiver(), "not-receiving" in repr(gateway))
    lab.attempt(gateway.remote_exec, "pass")
    lab.attempt(gateway.newchannel)
    lab.attempt(gateway.remote_status)
    lab.attempt(gateway.exit)
    lab.attempt(gateway.join, timeout=1)
    lab.attempt(gateway._io.popen.wait)
    lab.show(gateway._io.popen.returncode, group[0].remote_exec("channel.send(1)").receive(PATIENCE_S))


@program
def through_another_gateway(lab: Lab) -> None:
    group = lab.group("popen//id=first", "popen//via=first//id=second", "popen//via=first")
    lab.show(group, [gateway.spec.via for gateway in group])
    source = "import os; channel.send([os.getpid(), os.getppid()])"
    first, second, third = (gateway.remote_exec(source).receive(PATIENCE_S) for gateway in group)
    lab.show(first[0] == second[1] == third[1], second[0] != third[0])
    group["second"].exit()
    lab.show(group, group["first"].remote_exec("channel.send(1)").receive(PATIENCE_S))


# -- many channels -------------------------------------------------------------------------------------


@program
def receiving_from_each(lab: Lab) -> None:
    group = lab.group("popen", "popen")
    channels = group.remote_exec("channel.send(1); channel.send(channel.receive())")
    lab.show(type(channels).__name__, len(channels), channels[0] in channels, 3 in channels)
    lab.show(list(channels) == [channels[0], channels[1]], channels[-1] is channels[1])
    lab.attempt(lambda: channels[2])
    lab.attempt(channels.receive_each)
    lab.attempt(channels.send_each, "x")
    lab.show(
        [(channel is channels[i], item) for i, (channel, item) in enumerate(channels.receive_each(True))]
    )
    lab.attempt(channels.waitclose)
    lab.attempt(channels.receive_each)
    lab.attempt(channels.send_each, 1)
    lab.attempt(group.remote_exec(twin_sources.sends_its_arguments, first=4).receive_each)
    lab.attempt(group.remote_exec, twin_sources.uses_a_global)
    lab.attempt(group.remote_exec, "pass", unknown=1)


@program
def receiving_into_a_queue(lab: Lab) -> None:
    group = lab.group("popen", "popen")
    channels = group.remote_exec("channel.send(channel.gateway.id[2]); channel.send(2)")
    queue = channels.make_receive_queue(endmarker=-1)
    lab.show(channels.make_receive_queue() is queue, type(queue).__name__)
    got = [queue.get(timeout=PATIENCE_S) for _ in range(6)]
    for channel in channels:
        lab.show([item for sender, item in got if sender is channel])
    lab.attempt(channels.waitclose)
    lab.show(queue.empty())
    channels = group.remote_exec("channel.send(1)")
    queue = channels.make_receive_queue()
    lab.show(sorted(queue.get(timeout=PATIENCE_S)[1] for _ in range(2)))
    channels.waitclose()
    lab.show(queue.empty())
    channels = group.remote_exec("1/0")
    queue = channels.make_receive_queue(endmarker=None)
    lab.show([queue.get(timeout=PATIENCE_S)[1] for _ in range(2)])


@program
def receiving_beside_a_queue(lab: Lab) -> None:
    channels = lab.group("popen").remote_exec("channel.receive()")
    channels.make_receive_queue()
    lab.attempt(channels.receive_each)
    lab.attempt(channels.receive_each, withchannel=True)


@program
def errors_of_many(lab: Lab) -> None:
    group = lab.group("popen", "popen")
    channels = group.remote_exec("channel.send(1); raise ValueError(channel.gateway.id)")
    lab.attempt(channels.receive_each)
    lab.attempt(channels.waitclose)
    channels = group.remote_exec("if channel.gateway.id == 'gw1-worker': raise ValueError('from the second')")
    try:
        channels.waitclose()
    except lab.execnet.RemoteError as error:
        lab.show(lab.summary_of(error))


@program
def many_channels_of_ones_own(lab: Lab) -> None:
    channels = [lab.gateway.remote_exec(f"channel.send({number})") for number in range(3)]
    many = lab.execnet.MultiChannel(channels)
    lab.show(len(many), many.receive_each(), many.waitclose(), list(many) == channels)
    none = lab.execnet.MultiChannel([])
    lab.show(len(none), none.receive_each(), none.waitclose(), none.send_each(1), list(none))


# -- classes -------------------------------------------------------------------------------------------


@program
def classes_of_errors(lab: Lab) -> None:
    execnet = lab.execnet
    for name in ("DataFormatError", "DumpError", "HostNotFound", "LoadError", "RemoteError", "TimeoutError"):
        kind = getattr(execnet, name)
        lab.show(name, kind.__name__, issubclass(kind, Exception), issubclass(kind, OSError))
        lab.show(
            issubclass(kind, execnet.DataFormatError),
            issubclass(kind, ValueError),
            issubclass(kind, EOFError),
        )


@program
def classes_can_be_inherited_from(lab: Lab) -> None:
    base: Any = lab.execnet.Group

    class Own(base):  # type: ignore[misc]
        defaultspec = "popen//id=own"

        def makegateway(self, spec: object = None) -> object:
            gateway = super().makegateway(spec)
            gateway.marked = True
            return gateway

    group = Own(["popen"])
    group.makegateway()
    lab.show(len(group), [getattr(gateway, "marked", False) for gateway in group])
    group.terminate(timeout=1)

    lab.show(issubclass(type("Own", (lab.execnet.RSync,), {}), lab.execnet.RSync))


_folder: Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    global _folder
    _folder = tmp_path


ON_PURPOSE = {
    "a_number_that_no_member_has": Difference("`in` answers, and raises nothing", ["False"]),
    "receiving_beside_a_queue": Difference(
        "the caller's mistake is the OSError that Channel.receive() has for it, not an AssertionError",
        ["raises OSError", "raises OSError"],
    ),
    "specifications_with_mistakes_that_execnet_finds_late": Difference(
        "mistakes are found before anything is started, and nothing half made stays in the group",
        ["raises execnet.HostNotFound", *["raises ValueError"] * 4, *["raises TypeError"] * 2, "0"],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS.by_name)
def test_same(name: str, twins: Twins) -> None:
    PROGRAMS.compare(name, twins, ON_PURPOSE)
