from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from peers.comparison import Attempt, Comparison
from peers.document import make_document
from peers.main import main
from peers.outcomes import Outcome
from peers.repeats import ATTEMPTS, MOST_REPEATED, node_id, repeat
from peers.report import format_report, format_verdict
from peers.suites import XDIST


def in_turn(*outcomes: Outcome | None) -> Callable[[str], Outcome | None]:
    left = iter(outcomes)
    return lambda test: next(left)


def compare(*attempts: Attempt) -> Comparison:
    return Comparison({"race": "passed"}, {"race": "failed"}, {"race": attempts})


def test_a_test_is_repeated_until_it_ends_equally() -> None:
    found = repeat(["race"], in_turn("passed", "passed"), in_turn("failed", "passed"))
    assert found == {"race": (Attempt("passed", "failed"), Attempt("passed", "passed"))}


def test_a_test_that_always_differs_is_given_up() -> None:
    found = repeat(["lost"], lambda test: "passed", lambda test: "failed")
    assert found == {"lost": (Attempt("passed", "failed"),) * ATTEMPTS}


def test_many_differences_are_not_chance_and_nothing_is_repeated() -> None:
    tests = [str(number) for number in range(MOST_REPEATED + 1)]
    assert repeat(tests, in_turn(), in_turn()) == {}


def test_two_runs_without_a_result_excuse_nothing() -> None:
    found = repeat(["hangs"], lambda test: None, lambda test: None)
    assert found == {"hangs": (Attempt(None, None),) * ATTEMPTS}
    assert compare(Attempt(None, None)).regressions


def test_a_test_that_ends_equally_alone_does_not_count() -> None:
    comparison = compare(Attempt("passed", "failed"), Attempt("passed", "passed"))
    assert comparison.regressions == []
    assert comparison.unsettled == []
    assert [found.test for found in comparison.settled] == ["race"]
    assert format_verdict(comparison).endswith("but for 1 that ended equally when repeated alone")


def test_a_test_that_differs_alone_counts() -> None:
    comparison = compare(*[Attempt("passed", "failed")] * ATTEMPTS)
    assert [found.test for found in comparison.regressions] == ["race"]
    assert comparison.settled == []


def test_a_difference_that_is_no_loss_is_repeated_and_counts_where_all_has_to_be_equal() -> None:
    comparison = Comparison({"a": "failed"}, {"a": "passed"})
    assert comparison.to_repeat == ["a"]
    assert comparison.regressions == []
    assert [found.test for found in comparison.unsettled] == ["a"]


def test_what_is_excused_is_reported_with_everything_seen() -> None:
    comparison = compare(Attempt("passed", None), Attempt("passed", "passed"))
    report = format_report(XDIST, comparison, {}, {})
    assert "race: passed with execnet, failed with xnet" in report
    assert "alone: passed with execnet, not run with xnet" in report
    assert "alone: passed with execnet, passed with xnet" in report


def test_the_document_has_both_columns_and_what_was_repeated() -> None:
    comparison = compare(Attempt("passed", "passed"))
    seconds = {"execnet": [1.0], "xnet": [2.0]}
    document = json.loads(json.dumps(make_document(XDIST, comparison, seconds, {"pytest": "8"})))
    assert document["columns"]["xnet"]["tests"] == {"race": "failed"}
    assert document["columns"]["execnet"]["counts"]["passed"] == 1
    assert document["regressions"] == []
    assert document["settled"] == [
        {
            "test": "race",
            "execnet": "passed",
            "xnet": "failed",
            "alone": [{"execnet": "passed", "xnet": "passed"}],
        }
    ]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("tests.inner.test_a::test_x", "tests/inner/test_a.py::test_x"),
        ("tests.inner.test_a.TestT::test_x", "tests/inner/test_a.py::TestT::test_x"),
        ("tests.inner.test_a.TestT.TestU::test_x", "tests/inner/test_a.py::TestT::TestU::test_x"),
        ("tests.inner.test_a::test_x[a.b::c]", "tests/inner/test_a.py::test_x[a.b::c]"),
        ("tests.gone.test_a::test_x", None),
    ],
)
def test_a_test_of_a_junit_file_is_found_in_the_tree(tmp_path: Path, test: str, expected: str | None) -> None:
    (tmp_path / "tests" / "inner").mkdir(parents=True)
    (tmp_path / "tests" / "inner" / "test_a.py").touch()
    assert node_id(test, tmp_path) == expected


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--json", "missing/folder/file", "--repeat", "1"], "does not exist"),
        (["--json", "file", "--column", "xnet"], "give one of them"),
        (["--repeat", "0"], "has to be a number from 1, not '0'"),
    ],
)
def test_wrong_options_are_refused_before_anything_runs(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["xdist-suite", *words])
    assert sentence in capsys.readouterr().err
