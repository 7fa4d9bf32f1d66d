from __future__ import annotations

import sys
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from wire_strategies import Reference, reference_id
from xnet_wire import speedups, values
from xnet_wire.errors import DumpError


class Compiled:
    """Stands for a compiled encoder or decoder: keeps what it was made of."""

    def __init__(self, pure: Any, *arguments: Any) -> None:
        self.pure, self.arguments = pure, arguments

    def encode(self, item: object) -> bytes:
        return b"compiled " + self.pure(item)  # type: ignore[no-any-return]


PACKAGE: Any = SimpleNamespace(Encoder=Compiled, Decoder=Compiled)


def test_they_are_used_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XNET_PURE", raising=False)
    monkeypatch.setitem(sys.modules, "xnet_speedups", PACKAGE)
    assert speedups.find() == (PACKAGE, "")


@pytest.mark.parametrize("value", ["1", "yes"])
def test_a_variable_switches_them_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNET_PURE", value)
    monkeypatch.setitem(sys.modules, "xnet_speedups", PACKAGE)
    assert speedups.find() == (None, "XNET_PURE is set")


def test_0_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNET_PURE", "0")
    monkeypatch.setitem(sys.modules, "xnet_speedups", PACKAGE)
    assert speedups.find() == (PACKAGE, "")


def test_it_says_why_they_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XNET_PURE", raising=False)
    monkeypatch.setitem(sys.modules, "xnet_speedups", None)
    module, reason = speedups.find()
    assert module is None
    assert reason.startswith("xnet-speedups cannot be imported: ")


def test_without_them_pure_python_encodes_and_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speedups, "module", None)
    encode = values.make_encoder(Reference, reference_id)
    assert encode([Reference(3)]) == values.encode([Reference(3)], Reference, reference_id)
    assert type(values.make_decoder()) is values.ValueDecoder


def test_with_them_pure_python_is_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speedups, "module", PACKAGE)
    encode = values.make_encoder(Reference, reference_id, max_depth=64, surrogates=True)
    assert encode("\ud800") == b"compiled " + values.encode("\ud800", surrogates=True)
    decoder: Any = values.make_decoder(None, 99)
    assert decoder.arguments == (99,)
    assert type(decoder.pure) is values.ValueDecoder


def test_va_008_fewer_levels_than_any_receiver_takes_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speedups, "module", PACKAGE)
    for encode in (partial(values.encode, max_depth=2), values.make_encoder(max_depth=2)):
        assert encode([[1]]) == b"\x81\x81\x01"
        with pytest.raises(DumpError, match="takes 2 levels"):
            encode([[[1]]])
