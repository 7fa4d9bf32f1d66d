"""Programs that ask an interpreter about itself show the same on execnet and on xnet."""

from __future__ import annotations

import os

import pytest

from execnet_twins import PATIENCE_S, Difference, Lab, Programs, Twins

PROGRAMS = Programs()
program = PROGRAMS.add


@program
def the_first_in_the_main_thread(lab: Lab) -> None:
    # The first only: whether execnet's main thread is free again for the next is a race.
    source = "import threading; channel.send(threading.current_thread() is threading.main_thread())"
    lab.attempt(lab.group("popen")[0].remote_exec(source).receive, PATIENCE_S)


@program
def side_by_side(lab: Lab) -> None:
    source = """
        import threading
        channel.send(threading.current_thread() is threading.main_thread())
        channel.receive()
    """
    channels = [lab.gateway.remote_exec(source) for _ in range(3)]
    lab.show(sorted(channel.receive(PATIENCE_S) for channel in channels))
    lab.show(lab.gateway.remote_status().numexecuting)
    for channel in reversed(channels):
        channel.send(None)
        channel.waitclose(PATIENCE_S)
    status = lab.gateway.remote_status()
    lab.show(status.numexecuting, status.execmodel)


@program
def counts_of_a_status(lab: Lab) -> None:
    gateway = lab.group("popen")[0]
    lab.show(gateway.remote_status().numchannels, gateway.remote_status().numexecuting)
    channels = [gateway.remote_exec("channel.receive()") for _ in range(2)]
    status = gateway.remote_status()
    lab.show(status.numexecuting)
    for name in ("numchannels", "numexecuting", "execmodel"):
        lab.show(type(vars(status)[name]).__name__)
    status.mine = 1
    for channel in channels:
        channel.send(1)
        channel.waitclose(PATIENCE_S)


@program
def main_thread_only(lab: Lab) -> None:
    group = lab.group("popen", execmodel="main_thread_only")
    lab.show(group[0].spec.execmodel, group[0].remote_status().execmodel)
    channel = group[0].remote_exec("channel.send(1); channel.receive()")
    lab.attempt(channel.receive, PATIENCE_S)
    second = group[0].remote_exec("channel.send(2)")
    try:
        second.receive(PATIENCE_S)
    except lab.execnet.RemoteError as error:
        lab.show(str(error))
    lab.attempt(second.receive)
    channel.send(None)
    lab.attempt(channel.waitclose, PATIENCE_S)
    lab.attempt(group[0].remote_exec("channel.send(3)").receive, PATIENCE_S)


@program
def facts_about_an_interpreter(lab: Lab) -> None:
    info = lab.gateway._rinfo()
    lab.show({name: value for name, value in vars(info).items() if name != "pid"})
    lab.show(type(info.pid), repr(info).replace(str(info.pid), "PID"))
    lab.show(
        lab.gateway._cache_rinfo is info,
        lab.gateway._rinfo() is info,
        lab.gateway._rinfo(update=True) is info,
    )
    info.mine = 5
    lab.attempt(lambda: info.nothing)


@program
def interpreters_are_processes(lab: Lab) -> None:
    gateway = lab.group("popen")[0]
    pid = gateway.remote_exec("import os; channel.send(os.getpid())").receive(PATIENCE_S)
    lab.show(pid == gateway._io.popen.pid == gateway._rinfo().pid, pid != os.getpid())
    lab.show(gateway._io.popen.returncode, gateway._io.popen.poll())
    parent = gateway.remote_exec("import os; channel.send(os.getppid())").receive(PATIENCE_S)
    lab.show(parent == os.getpid())


@program
def a_worker_waits_for_the_end_of_its_gateway(lab: Lab) -> None:
    lab.execute("channel.send(channel.gateway.join(0.01))")


@program
def what_a_gateway_prints_as(lab: Lab) -> None:
    gateway = lab.group("popen//id=one")[0]
    lab.show(gateway)
    gateway.exit()
    gateway.join()
    lab.show(gateway)


@program
def the_process_of_a_gateway_behind_another(lab: Lab) -> None:
    group = lab.group("popen//id=one", "popen//via=one")
    lab.show([hasattr(gateway._io, "popen") for gateway in group])


@program
def where_a_gateway_leads(lab: Lab) -> None:
    lab.attempt(lambda: lab.gateway.remoteaddress)


ON_PURPOSE = {
    "where_a_gateway_leads": Difference("every gateway can tell", ["'localhost'"]),
}


@pytest.mark.parametrize("name", PROGRAMS.by_name)
def test_same(name: str, twins: Twins) -> None:
    PROGRAMS.compare(name, twins, ON_PURPOSE)
