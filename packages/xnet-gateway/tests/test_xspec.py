"""Specifications: parsing, identity, and the same answers as execnet's."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_gateway.xspec import XSpec, without_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = st.text(st.characters(exclude_characters="/=", exclude_categories=["Cs"]), min_size=1).filter(
    lambda key: not key.startswith(("_", "env"))
)
VALUES = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]))
NAMES = st.text(st.characters(exclude_characters="/=", exclude_categories=["Cs"]))


def test_values_switches_and_unset_keys() -> None:
    spec = XSpec("popen//python=/usr/bin/python -X a=b//id=w1//mine=3")
    assert spec.popen is True
    assert spec.python == "/usr/bin/python -X a=b"
    assert spec.id == "w1"
    assert getattr(spec, "mine") == "3"  # noqa: B009
    assert spec.chdir is None
    assert spec.never_heard_of is None
    assert spec.env == {}


def test_environment_variables_go_into_a_dictionary() -> None:
    spec = XSpec("popen//env:A=1//env:B==2=//env:C//env:A=3")
    assert spec.env == {"A": "3", "B": "=2=", "C": True}


def test_identity_is_the_text() -> None:
    spec = XSpec("popen//id=1")
    assert spec == XSpec("popen//id=1")
    assert hash(spec) == hash("popen//id=1")
    assert spec != XSpec("popen//id=2")
    assert spec != "popen//id=1"
    assert (str(spec), repr(spec)) == ("popen//id=1", "<XSpec 'popen//id=1'>")
    spec.id = "other"
    assert spec.id == "other"
    assert str(spec) == "popen//id=1"
    assert spec == XSpec("popen//id=1")


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("popen//popen", ValueError, "duplicate key 'popen' in the gateway specification 'popen//popen'"),
        ("id=a//id=b", ValueError, "duplicate key 'id'"),
        ("popen//env=1", ValueError, "environment variables are written env:NAME=value"),
        ("popen//_spec=1", AttributeError, "'_spec' is not a key"),
        ("__class__=int", AttributeError, "'__class__' is not a key"),
        ("", ValueError, "has no key"),
        ("popen//", ValueError, "expected key=value or key"),
        ("popen//=3", ValueError, "found '=3'"),
    ],
)
def test_mistakes_get_a_sentence(text: str, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        XSpec(text)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("wrong", [None, 3, b"popen", XSpec("popen")])
def test_only_strings_are_parsed(wrong: object) -> None:
    with pytest.raises(TypeError, match="a gateway specification is a string, not"):
        XSpec(wrong)  # type: ignore[arg-type]


def test_underscore_attributes_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="has no attribute '_private'"):
        XSpec("popen")._private  # noqa: B018


def test_copies_and_pickles_keep_what_was_assigned() -> None:
    spec = XSpec("popen//env:A=b")
    spec.id = "gw7"
    for twin in (copy.copy(spec), copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        assert twin == spec
        assert twin.id == "gw7"
        assert twin.env == {"A": "b"}


def test_same_file_system_only_for_popen_without_chdir() -> None:
    assert XSpec("popen")._samefilesystem()
    assert not XSpec("popen//chdir=/tmp")._samefilesystem()
    assert not XSpec("ssh=host")._samefilesystem()


@given(
    st.dictionaries(KEYS, VALUES | st.none(), max_size=6),
    st.dictionaries(NAMES, VALUES | st.none(), max_size=4),
)
def test_what_was_written_is_read(keys: dict[str, str | None], env: dict[str, str | None]) -> None:
    def write(key: str, value: str | None) -> str:
        return key if value is None else f"{key}={value}"

    entries = [write(k, v) for k, v in keys.items()] + [write(f"env:{k}", v) for k, v in env.items()]
    if not entries:
        return
    spec = XSpec("//".join(entries))
    for key, value in keys.items():
        assert getattr(spec, key) == (True if value is None else value)
    assert spec.env == {name: True if value is None else value for name, value in env.items()}
    assert pickle.loads(pickle.dumps(spec)) == spec


def outcome(kind: Callable[[str], object], text: str) -> dict[str, object] | type[Exception]:
    """Parse the text and return the attributes, or the class of the error."""
    try:
        return vars(kind(text))
    except (ValueError, AttributeError) as error:
        return type(error)
    except IndexError:  # execnet's answer to an empty key; ours is a sentence
        return ValueError


@given(st.text(st.sampled_from("ab_/=:envpopn1 ")))
def test_any_text_gives_a_spec_or_a_documented_error(text: str) -> None:
    result = outcome(XSpec, text)
    assert result in (ValueError, AttributeError) or str(XSpec(text)) == text


@given(st.text(st.sampled_from("ab_/=:envpopn1 ")))
def test_execnet_parses_the_same(text: str) -> None:
    execnet = pytest.importorskip("execnet", reason="compares with released execnet, which is not installed")
    assert outcome(XSpec, text) == outcome(execnet.XSpec, text)


def test_secrets_in_variables_are_not_for_traces() -> None:
    spec = XSpec("popen//env:TOKEN=abc=def//id=x//env:EMPTY=")
    assert without_values(spec) == "popen//env:TOKEN=...//id=x//env:EMPTY=..."
