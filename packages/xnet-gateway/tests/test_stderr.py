"""Whose the standard error of a worker is, and what becomes of who holds it when we are gone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gateway_helpers import eventually, run_program
from xnet_gateway.resolved import resolve
from xnet_gateway.xspec import XSpec

#: Started by a worker and left behind: waits for its starter's starter to end, logs, and says that it lives.
SERVER = """
import os, select, sys
try:
    fd = os.pidfd_open(int(sys.argv[1]))
except ProcessLookupError:
    pass  # it has ended already
else:
    select.select([fd], [], [], 30)
for number in range(20000):
    os.write(2, b"a line of log, after the end of the program\\n")
open(sys.argv[2], "w").close()
"""
#: A program that has a worker start one. What a worker inherits is told by `same`.
PROGRAM = """
spec, server, place = sys.argv[1:4]
gateways = [make(text) for text in spec.split()[:1]]
for text in spec.split()[1:]:
    gateways.append(begin(XSpec(text), gateways[0]).finish())
channel = gateways[-1].remote_exec('''
import os, subprocess, sys
server, pid, place, python = channel.receive()
subprocess.Popen([python, "-c", server, str(pid), place], start_new_session=True)
channel.send(os.fstat(2).st_ino)
''')
channel.send((server, os.getpid(), place, sys.executable))
print(channel.receive(200) == os.fstat(2).st_ino)
gateways[0].exit()
gateways[0]._wait_ended(time.monotonic() + 20)
"""
ALL = [
    "popen//id=gw0",
    "popen//id=gw0//stdout=null",
    f"popen//id=gw0//python={sys.executable}//nice=0",
    f"command=env//id=gw0//python={sys.executable}",
]


@pytest.mark.parametrize("spec", ALL)
def test_a_server_that_a_worker_leaves_behind_is_not_killed_by_its_log(tmp_path: Path, spec: str) -> None:
    """What it logs after the end is nobody's, and whoever runs the program does not wait for it."""
    place = tmp_path / "alive"
    done = run_program(PROGRAM, spec, SERVER, str(place))
    assert (done.stdout, done.stderr) == ("False\n", "")
    assert eventually(place.exists)


@pytest.mark.parametrize(
    "spec", [f"{ALL[0]}//stderr=inherit", f"{ALL[2]}//stderr=inherit", f"{ALL[3]}//stderr=inherit"]
)
def test_with_inherit_it_has_ours(tmp_path: Path, spec: str) -> None:
    place = tmp_path / "alive"
    done = run_program(PROGRAM, spec, SERVER, str(place))
    assert done.stdout == "True\n"
    # The server holds it, so this has waited for all of its log.
    assert done.stderr.splitlines() == ["a line of log, after the end of the program"] * 20_000
    assert eventually(place.exists)


@pytest.mark.parametrize("inner", ["popen", "popen//python={python}//nice=0"])
@pytest.mark.parametrize("outer", ["popen", "popen//python={python}//nice=0"])
def test_with_inherit_through_another_gateway(tmp_path: Path, outer: str, inner: str) -> None:
    """It is that of the one in between."""
    place = tmp_path / "alive"
    spec = f"{outer}//id=a//stderr=inherit {inner}//id=b//via=a//stderr=inherit".format(python=sys.executable)
    done = run_program(PROGRAM, spec, SERVER, str(place))
    assert done.stdout == "True\n"
    assert len(done.stderr.splitlines()) == 20_000
    assert eventually(place.exists)


def test_nothing_is_started_at_the_end_where_nobody_holds_the_pipe(tmp_path: Path) -> None:
    cat = tmp_path / "cat"
    cat.write_text(f"#!/bin/sh\necho started >> {tmp_path}/log\n")
    cat.chmod(0o755)
    done = run_program(
        "gateway = make()\ngateway.remote_exec('import os; os.write(2, bytes([120]))').waitclose(200)\n"
        "end(gateway)",
        environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.stderr == "x"
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("policy", "out", "err"),
    [("", ["err", "out"], []), ("//stdout=inherit", ["err"], ["out"]), ("//stdout=null", ["err"], [])],
)
def test_stdout_beside_it(policy: str, out: list[str], err: list[str]) -> None:
    done = run_program(
        "gateway = make('popen//id=gw0//stderr=inherit' + sys.argv[1])\n"
        'text = \'import os; os.write(1, b"out\\\\n"); os.write(2, b"err\\\\n")\'\n'
        "gateway.remote_exec(text).waitclose(200)\nend(gateway)",
        policy,
    )
    assert (sorted(done.stderr.split()), done.stdout.split()) == (out, err)


def test_a_death_is_told_without_last_words() -> None:
    done = run_program(
        "gateway = make('popen//id=gw0//stderr=inherit')\n"
        "channel = gateway.remote_exec('import os; os.write(2, bytes([120])); os._exit(3)')\n"
        "try: channel.receive(200)\nexcept EOFError as error: print(error)"
    )
    assert done.stdout.endswith("exited with status 3\n")
    assert done.stderr == "x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("popen//stderr", "stderr without a value .*expected relay or inherit"),
        ("popen//stderr=null", "stderr=null .*expected relay or inherit"),
        ("socket=localhost:1//stderr=inherit", "socket= starts no process that could inherit it"),
        ("unix=/x//stderr=inherit", "unix= starts no process"),
        ("listen=localhost:0//stderr=inherit", "listen= starts no process"),
        ("socket//installvia=gw0//stderr=inherit", "socket= starts no process"),
    ],
)
def test_what_means_nothing_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        resolve(XSpec(text))


@pytest.mark.parametrize("text", ["popen", "popen//python=py", "ssh=h", "command=env", "popen//via=gw0"])
def test_where_it_means_something(text: str) -> None:
    for policy in ("relay", "inherit"):
        resolve(XSpec(f"{text}//stderr={policy}"))
