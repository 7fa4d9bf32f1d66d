"""The first look at a testee of each role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from program_helpers import program, python, skeleton, zoo
from runner_peer import cbor
from xnet_conformance.adapting import AdapterRunner
from xnet_conformance.case_running import ConnectionRunner
from xnet_conformance.errors import CannotStart
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.frames import PREAMBLE, frame
from xnet_conformance.role_runners import make_runner, probe
from xnet_conformance.testee import from_command

FIXTURES = {f"fixture.{name}" for name in Fixtures("python").names()}
#: Limits that a case can reach.
REACHED = {"limits.frame", "limits.depth", "limits.credit"}


#: Of who announces neither.
NOTHING_OF_PYTHON = {"no-python.strings", "no-exec.python"}


def saying(*pairs: list[object]) -> str:
    """Return a program that says a HELLO and waits."""
    hello = frame("HELLO", 0, cbor({"t": "dict", "v": [["version", [1, 0]], *pairs]}))
    first = (PREAMBLE + hello.encode()).hex()
    return f"import os; os.write(1, bytes.fromhex('{first}')); os.read(0, 1); os.read(0, 99999)"


def test_what_a_worker_declares_is_known(tmp_path: Path) -> None:
    said = saying(["features", ["exec.ruby", "trace"]])
    testee = attrs.evolve(python("-c", said), features=("processes",))
    said_and_declared = {"exec.ruby", "trace", "processes", "limits.default"}
    assert probe(testee, str(tmp_path), 1.0) == said_and_declared | REACHED | NOTHING_OF_PYTHON


@pytest.mark.parametrize(("python2", "more"), [(False, {"python3"}), (True, set())])
def test_who_does_not_say_what_it_executes_executes_python(
    python2: bool, more: set[str], tmp_path: Path
) -> None:
    testee = attrs.evolve(python("-c", saying()), python2=python2)
    known = {"exec.python", "limits.default", "no-python.strings", *more}
    assert probe(testee, str(tmp_path), 1.0) == known | REACHED | FIXTURES


def test_limits_of_its_own_are_no_defaults(tmp_path: Path) -> None:
    found = probe(python("-c", saying(["credit", 131072])), str(tmp_path), 1.0)
    assert found & {"limits.default", *REACHED} == REACHED


def test_a_limit_that_is_none_is_not_reached(tmp_path: Path) -> None:
    said = saying(["limits", {"t": "dict", "v": [["frame", 4294967295]]}])
    assert "limits.frame" not in probe(python("-c", said), str(tmp_path), 1.0)


def test_adapters_and_initiators_are_asked_in_their_ways(tmp_path: Path) -> None:
    adapter = attrs.evolve(skeleton("adapter"), features=("more",))
    assert probe(adapter, str(tmp_path), 1.0) == {"codec.decode", "codec.encode", "codec.frames", "more"}
    assert probe(skeleton("initiator"), str(tmp_path), 1.0) == REACHED | NOTHING_OF_PYTHON | {
        "limits.default"
    }
    assert probe(from_command("/nonexistent/execnet", "legacy"), str(tmp_path), 1.0) == {
        "exec.python",
        *FIXTURES,
    }


@pytest.mark.parametrize("role", ["worker", "initiator", "adapter"])
def test_who_cannot_be_looked_at_is_not_judged(role: str, tmp_path: Path) -> None:
    testee = zoo("dies-at-start") if role == "worker" else program(tmp_path, start="sys.exit()", role=role)
    with pytest.raises(CannotStart):
        probe(testee, str(tmp_path), 1.0)


@pytest.mark.parametrize(
    ("role", "kind", "workers"),
    [
        ("worker", ConnectionRunner, "Workers"),
        ("legacy", ConnectionRunner, "LegacyWorkers"),
        ("initiator", ConnectionRunner, "Initiators"),
        ("adapter", AdapterRunner, ""),
    ],
)
def test_each_role_has_its_runner(
    role: str, kind: Callable[..., object], workers: str, tmp_path: Path
) -> None:
    runner = make_runner(from_command("true", role), str(tmp_path), 1.0)
    assert type(runner) is kind
    assert type(getattr(runner, "_connections", None)).__name__ == (workers or "NoneType")
    runner.close()


def test_a_task_in_a_language_of_ones_own_is_a_feature(tmp_path: Path) -> None:
    (tmp_path / "drop.rb").write_text("")
    testee = attrs.evolve(python("-c", saying(["features", ["exec.ruby"]])), fixtures=(tmp_path,))
    found = probe(testee, str(tmp_path), 1.0)
    assert [feature for feature in found if feature.startswith("fixture.")] == ["fixture.drop"]
