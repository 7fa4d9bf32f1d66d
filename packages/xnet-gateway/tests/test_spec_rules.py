"""Known keys are checked before anything is started."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_gateway.spec_rules import check_execmodel, check_spec, parse_nice
from xnet_gateway.xspec import XSpec


@pytest.mark.parametrize(
    "text",
    [
        "popen",
        "popen//id=w1//chdir=/tmp//nice=5//env:A=b//env:EMPTY=//mine=anything//flag",
        "popen//nice=-20",
        "popen//nice=50",
        "popen//nice=+3",
        "popen//via=gw0",
        "popen//execmodel=thread",
        "popen//execmodel=main_thread_only",
        "popen//execmodel=gevent",
        "popen//execmodel=eventlet",
        "popen//dont_write_bytecode",
        "popen//dont_write_bytecode=1",
        "popen//stdout=stderr",
        "popen//stdout=inherit",
        "popen//stdout=null",
        "popen//stdout=/tmp/out.txt",
        f"popen//python={sys.executable}",
        "popen//chdir=//nice=//python=//via=//installvia=//dont_write_bytecode=",
    ],
)
def test_good_specifications_pass(text: str) -> None:
    check_spec(XSpec(text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("popen//via", "via without a value"),
        ("popen//id", "id without a value"),
        ("popen//id=", "expected a name"),
        ("popen//chdir", "chdir without a value"),
        ("popen//chdir=/a\0b", "expected a directory"),
        ("popen//nice", "nice without a value"),
        (
            "popen//nice=low",
            "nice=low in the gateway specification 'popen//nice=low': expected a whole",
        ),
        ("popen//nice=1.5", "whole number"),
        ("popen//execmodel=trio", "unknown execmodel 'trio'"),
        ("popen//execmodel", "unknown execmodel True"),
        ("popen//dont_write_bytecode=0", "the key alone switches it on"),
        ("popen//stdout", "stdout without a value"),
        ("popen//stdout=relative/path", "stderr, inherit, null or an absolute path"),
        ("popen//env:A", "env:A without a value"),
        ("popen//env:=x", "the name of a variable"),
        ("popen//env:A=\0", "without NUL"),
    ],
)
def test_bad_values_name_key_value_and_expectation(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        check_spec(XSpec(text))


def test_assigned_attributes_are_checked_too() -> None:
    spec = XSpec("popen")
    spec.nice = 7
    check_spec(spec)
    assert parse_nice(spec) == 7
    spec.nice = True
    with pytest.raises(ValueError, match="nice without a value"):
        check_spec(spec)


def test_parse_nice_gives_none_when_unset() -> None:
    assert parse_nice(XSpec("popen")) is None
    assert parse_nice(XSpec("popen//nice=")) is None
    assert parse_nice(XSpec("popen//nice=-3")) == -3


def test_a_niceness_beyond_its_range_goes_to_the_end_of_it() -> None:
    """As in the documentation of execnet; from -20 it takes 39 to get there."""
    assert parse_nice(XSpec("popen//nice=20")) == 20
    assert parse_nice(XSpec(f"popen//nice={10**30}")) == 40
    assert parse_nice(XSpec(f"popen//nice={-(10**30)}")) == -40


def test_execution_models_by_name() -> None:
    for name in ("thread", "main_thread_only", "gevent", "eventlet"):
        check_execmodel(name, "here")
    with pytest.raises(
        ValueError, match="unknown execmodel 'trio' here: expected thread or main_thread_only"
    ):
        check_execmodel("trio", "here")


@given(st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
def test_nice_is_a_whole_number_or_a_value_error(text: str) -> None:
    spec = XSpec(f"nice={text}")
    try:
        expected = max(-40, min(40, int(text)))
    except ValueError:
        expected = None
    if expected is None:
        with pytest.raises(ValueError, match="expected a whole number, added to the niceness"):
            parse_nice(spec)
    else:
        assert parse_nice(spec) == expected
