from __future__ import annotations

import copy
import pickle

import pytest

from xnet_wire import codes
from xnet_wire.errors import (
    DataFormatError,
    DumpError,
    FrameError,
    LoadError,
    ValueFormatError,
    WireError,
)


def test_the_tree_is_what_programs_catch() -> None:
    assert issubclass(DumpError, DataFormatError)
    assert issubclass(LoadError, DataFormatError)
    assert issubclass(FrameError, WireError)
    assert issubclass(ValueFormatError, WireError)
    assert issubclass(ValueFormatError, LoadError)
    assert not issubclass(WireError, DataFormatError)


def test_str_is_the_sentence_and_code_is_the_number() -> None:
    error = WireError(codes.HELLO_MALFORMED, "It has no version.")
    assert (str(error), error.code) == ("It has no version.", codes.HELLO_MALFORMED)
    value_error = ValueFormatError("Too deep.")
    assert (str(value_error), value_error.code) == ("Too deep.", codes.VALUE_MALFORMED)
    frame_error = FrameError(codes.FRAME_TOO_LARGE, "Too long.")
    assert (str(frame_error), frame_error.code, frame_error.frames) == ("Too long.", 3, [])


@pytest.mark.parametrize(
    "error",
    [
        WireError(codes.INTERNAL_ERROR, "One."),
        FrameError(codes.FRAME_TOO_LARGE, "Two."),
        ValueFormatError("Three."),
        DumpError("Four."),
    ],
)
def test_errors_survive_pickle_and_copy(error: Exception) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert getattr(other, "code", None) == getattr(error, "code", None)
