"""The names of ``execnet.gateway_base`` are there and are the ones used everywhere else."""

from __future__ import annotations

import io

import pytest

import xnet
from xnet.compat import gateway_base


def test_everything_it_promises_is_there() -> None:
    for name in gateway_base.__all__:
        assert getattr(gateway_base, name) is not None


def test_classes_are_the_public_ones() -> None:
    for name in ("Channel", "DataFormatError", "DumpError", "LoadError", "RemoteError", "TimeoutError"):
        assert getattr(gateway_base, name) is getattr(xnet, name)
    assert issubclass(xnet.Gateway, gateway_base.BaseGateway)
    assert gateway_base.get_execmodel("thread").backend == "thread"


def test_stored_data_is_read_and_written_by_the_serializer_classes() -> None:
    data = gateway_base._Serializer().save({"a": [1, None]})
    assert data is not None
    assert gateway_base.Unserializer(io.BytesIO(data)).load() == {"a": [1, None]}
    assert gateway_base.dumps({"a": [1, None]}) == gateway_base.DUMPFORMAT_VERSION + data


def test_error_texts() -> None:
    error = gateway_base.RemoteError("the text")
    assert (str(error), repr(error), error.formatted) == ("the text", "RemoteError: the text", "the text")
    with pytest.raises(ValueError, match="why") as caught:
        raise ValueError("why")
    assert gateway_base.geterrortext(caught.value).endswith("ValueError: why\n")
