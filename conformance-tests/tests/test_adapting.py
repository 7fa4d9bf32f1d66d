"""Judging adapters: what each kind of answer amounts to."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from program_helpers import program, skeleton
from xnet_conformance.adapting import AdapterRunner
from xnet_conformance.case import Case
from xnet_conformance.errors import CannotStart
from xnet_conformance.results import Result

DECODE = {"hex": "05", "is": 5}
REFUSE = {"hex": "ff", "refused": True}
ENCODE = {"encode": 5, "or": ["05"]}
FRAMES = {"frames": ["0b0000", "00000000000161"], "are": [[11, 0, "61"]]}


def judge(folder: Path, otherwise: str, codec: dict[str, Any], *, limit_s: float = 20.0) -> Result:
    """Run one case against a program."""
    with closing(AdapterRunner(program(folder, otherwise), 1.0)) as runner:
        return runner.run(case(codec, limit_s=limit_s))


def case(*codecs: dict[str, Any], **fields: Any) -> Case:
    steps = tuple({"codec": codec} for codec in codecs)
    return Case(id="a.b", layer="wire.values", req=("VA-001",), steps=steps, roles=("adapter",), **fields)


def test_an_adapter_that_is_right_passes_and_serves_case_after_case() -> None:
    with closing(AdapterRunner(skeleton("adapter"), 1.0)) as runner:
        assert runner.features() == {"codec.decode", "codec.encode", "codec.frames"}
        for codecs in ((DECODE, REFUSE), (ENCODE,), (FRAMES,)):
            result = runner.run(case(*codecs))
            assert (result.outcome, result.message) == ("pass", "")
        runner.close()


@pytest.mark.parametrize(
    ("answer", "codec", "outcome", "words"),
    [
        ("reply(value={'t': 'int', 'v': '6'})", DECODE, "fail", "expected 5, got 6"),
        ("reply(error='VALUE_MALFORMED')", DECODE, "fail", "a value was refused"),
        ("reply(value={'t': 'int', 'v': 'x'})", DECODE, "fail", "the answer is not a tagged value"),
        ("reply(value={'t': 'str', 'v': 5})", DECODE, "fail", "the answer is not a tagged value"),
        ("reply(value={'t': 'bytes', 'n': 10**15})", DECODE, "fail", "the answer is not a tagged value"),
        (
            "reply(value=[{'t': 'list', 'of': 1, 'n': 10**15}])",
            DECODE,
            "fail",
            "the answer is not a tagged value",
        ),
        ("reply(value={'t': 'wizard', 'v': 1})", DECODE, "fail", "the answer is not a tagged value"),
        ("reply(value=0.5)", DECODE, "fail", "the answer is not a tagged value"),
        ("reply(value={'t': 'int', 'v': '5'}, hex='06')", DECODE, "fail", "is encoded as another value"),
        ("reply(value={'t': 'int', 'v': '5'}, hex='zz')", DECODE, "fail", "a value was not encoded"),
        ("reply(value=1)", REFUSE, "fail", "malformed bytes were not refused"),
        ("reply(error='FRAME_TOO_LARGE')", REFUSE, "fail", "malformed bytes were not refused"),
        ("reply(hex='06')", ENCODE, "fail", "a different value was encoded"),
        ("reply(hex=5)", ENCODE, "fail", "a value was not encoded"),
        ("reply()", ENCODE, "fail", "a value was not encoded"),
        ("reply(frames=[], error=None)", FRAMES, "fail", "the stream was split into other frames"),
        ("reply(frames='x', error=[1])", FRAMES, "fail", "the stream was split into other frames"),
        ("reply(unsupported=True)", ENCODE, "fail", "does not support the operation encode"),
        ("reply(problem='I have no idea')", ENCODE, "fail", "reports an internal problem"),
        ("print('x', flush=True)", ENCODE, "timeout", "is not a JSON object"),
        ("sys.exit('ow')", ENCODE, "crash", "ended while the answer"),
    ],
)
def test_each_wrong_answer_has_its_sentence(
    answer: str, codec: dict[str, Any], outcome: str, words: str, tmp_path: Path
) -> None:
    result = judge(tmp_path, answer, codec)
    assert (result.outcome, words in result.message) == (outcome, True), result
    if outcome == "fail":
        assert result.actual or "unsupported" in answer
    if "ow" in answer:
        assert result.stderr.strip() == "ow"


def test_what_should_be_so_is_a_remark(tmp_path: Path) -> None:
    result = judge(tmp_path, "reply(hex='1805')", ENCODE)
    assert (result.outcome, len(result.remarks)) == ("nonstrict", 1)
    assert "encoded as 1805, 05 would be shorter" in result.remarks[0]


def test_an_answer_that_does_not_come_is_waited_for_as_long_as_the_case_says(tmp_path: Path) -> None:
    assert judge(tmp_path, "pass", ENCODE, limit_s=0.1).outcome == "timeout"


def test_a_program_that_has_ended_is_started_again(tmp_path: Path) -> None:
    path = str(tmp_path / "been-there")
    once = f"if not os.path.exists({path!r}): os.mkdir({path!r}); sys.exit()"
    with closing(AdapterRunner(program(tmp_path, f"{once}\n        reply(hex='05')"), 1.0)) as runner:
        assert [runner.run(case(ENCODE)).outcome for _ in range(2)] == ["crash", "pass"]


def test_a_case_without_anything_for_an_adapter_is_wrong_itself(tmp_path: Path) -> None:
    wrong = Case(id="a.b", layer="wire.values", req=("VA-001",), steps=({"barrier": True},))
    with closing(AdapterRunner(program(tmp_path), 1.0)) as runner:
        assert runner.run(wrong).outcome == "harness-error"


@pytest.mark.parametrize("operations", ["None", "5", "'decode'", "[]", "[[], {}]", "['dance']"])
def test_an_adapter_that_can_do_nothing_is_none(operations: str, tmp_path: Path) -> None:
    testee = program(tmp_path, start=f"reply(protocol=1, operations={operations})")
    with (
        closing(AdapterRunner(testee, 1.0)) as runner,
        pytest.raises(CannotStart, match="it has none of the operations decode, encode, frames"),
    ):
        runner.features()


def test_who_answers_everything_is_no_adapter(tmp_path: Path) -> None:
    with (
        closing(AdapterRunner(program(tmp_path, "reply(value=None)"), 1.0)) as runner,
        pytest.raises(CannotStart, match="it answered an operation that does not exist"),
    ):
        runner.features()
