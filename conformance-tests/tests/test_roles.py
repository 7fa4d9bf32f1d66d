"""Adapters and initiators: ours pass everything, and bad ones get one exact outcome each."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from conversation_schemas import SCHEMAS, judge, recorded
from runner_peer import busy
from xnet_conformance.case_files import load_cases
from xnet_conformance.profiles import read_profile
from xnet_conformance.results import exit_code
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import read_testee

TESTEES = Path(__file__).resolve().parents[1] / "testees"
DOCUMENT = Path(__file__).resolve().parents[1] / "adapter-protocol" / "README.md"

ASKED_OF_ADAPTERS = {"start", "decode", "encode", "frames", "no-such-operation"}

needs_ours = pytest.mark.skipif(
    find_spec("xnet_wire") is None, reason="needs xnet-wire, which is not here: the suite is tested alone"
)

#: What a bad adapter does with the line it has read, and the words with which it is refused.
BAD = {
    "silent": ("pass", "no answer to command 1 in time"),
    "dead": ("sys.exit(3)", "ended while the answer"),
    "no-json": ("print('hello')", "is not a JSON object"),
    "wrong-id": ("print(json.dumps({'id': 99, 'protocol': 1}))", "was never sent"),
    "no-id": ("print(json.dumps({'protocol': 1}))", "is not a JSON object with the id"),
    "other-protocol": ("print(json.dumps({'id': line['id'], 'protocol': 2}))", "it answered start with"),
    "no-operations": ("print(json.dumps({'id': line['id'], 'protocol': 1}))", "has none of the operations"),
    "answers-everything": (
        "print(json.dumps({'id': line['id'], 'protocol': 1, 'operations': ['decode'], 'value': None}))",
        "an operation that does not exist",
    ),
}


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnet_conformance", *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("name", BAD)
def test_a_bad_adapter_is_not_judged(name: str, tmp_path: Path) -> None:
    does, words = BAD[name]
    program = tmp_path / "adapter.py"
    loop = f"for line in sys.stdin:\n    line = json.loads(line)\n    {does}\n    sys.stdout.flush()\n"
    program.write_text(f"import json, sys\n{loop}")
    done = command("run", "-t", f"{sys.executable} {program}", "--as", "adapter", "--timeout-scale", "0.05")
    assert done.returncode == 4, done.stdout + done.stderr
    assert words in done.stderr


def test_an_adapter_that_decodes_wrongly_fails(tmp_path: Path) -> None:
    program = tmp_path / "adapter.py"
    program.write_text("""
import json, sys
for line in sys.stdin:
    command = json.loads(line)
    answer = {"unsupported": True}
    if command["cmd"] == "start":
        answer = {"protocol": 1, "operations": ["decode"]}
    elif command["op"] == "decode":
        answer = {"value": {"t": "int", "v": "1"}}
    print(json.dumps({"id": command["id"], **answer}), flush=True)
""")
    words = ("--as", "adapter", "--case", "values.example.zero", "--case", "values.refused.appendix-f.*")
    done = command("run", "-t", f"{sys.executable} {program}", *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL values.example.zero" in done.stdout
    assert "UNTESTABLE" in done.stdout or "malformed bytes were not refused" in done.stdout


@needs_ours
@pytest.mark.timeout(3600)
def test_our_adapter_passes_everything(tmp_path: Path) -> None:
    testee = recorded(read_testee(TESTEES / "full-adapter.yaml"), tmp_path)
    results = run_suite(testee, read_profile("1.0-adapter"), load_cases(), jobs=1, scale=busy())
    # The packages know the strings of Python 2, and so are not asked what others do with them.
    bad = [result for result in results if result.outcome not in ("pass", "unsupported")]
    assert {result.case.id: result.message for result in bad} == {}
    assert exit_code(results) == 0
    assert len([result for result in results if result.outcome == "pass"]) > 350
    assert judge(tmp_path) == (ASKED_OF_ADAPTERS, [])


@needs_ours
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_our_initiator_passes_everything(tmp_path: Path) -> None:
    testee = recorded(read_testee(TESTEES / "full-initiator.yaml"), tmp_path)
    results = run_suite(testee, read_profile("1.0-initiator"), load_cases(), jobs=2, scale=busy())
    bad = {
        result.case.id: result.message for result in results if result.outcome not in ("pass", "unsupported")
    }
    assert bad == {}
    assert len([result for result in results if result.outcome == "pass"]) > 550
    asked = set(SCHEMAS["commands.schema.json"]["$defs"]) - ASKED_OF_ADAPTERS | {"start"}
    assert judge(tmp_path) == (asked, [])


@needs_ours
def test_the_document_shows_what_our_adapter_does() -> None:
    """Its rows about adapters are commands and answers."""
    rows = [
        line.split(" | ") for line in DOCUMENT.read_text().splitlines() if line.startswith('| `{"cmd": "run"')
    ]
    assert len(rows) == 3
    process = subprocess.Popen(
        [sys.executable, str(TESTEES / "full_adapter.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    decoder = json.JSONDecoder()
    with process:
        for number, (left, right) in enumerate(rows):
            asked, _ = decoder.raw_decode(left[left.index("{") :])
            shown, _ = decoder.raw_decode(right[right.index("{") :])
            process.stdin.write(json.dumps({**asked, "id": number}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == {"id": number, **shown}
        process.stdin.close()
