"""Text with its language, its function and its name. See also transports/test_worker_key.py."""

from __future__ import annotations

import pytest

from gateway_helpers import PATIENCE_S
from xnet_gateway.gateway import Gateway
from xnet_gateway.source import Source


def test_a_source_has_its_function_and_its_arguments(shared: Gateway) -> None:
    source = Source("def f(channel, **kw): channel.send(kw)", call="f", language="python", file="f.py")
    assert repr(source) == f"Source({source.text!r}, language='python', call='f', file='f.py')"
    assert shared.remote_exec(source, a=1, b=(2,)).receive(PATIENCE_S) == {"a": 1, "b": (2,)}
    assert shared.remote_exec(Source("channel.send(3)")).receive(PATIENCE_S) == 3
    with pytest.raises(ValueError, match="gateway shared executes python, not ruby"):
        shared.remote_exec(Source("", language="ruby"))


@pytest.mark.parametrize(("name", "thing"), [("text", b"1"), ("language", 1), ("call", len), ("file", b"x")])
def test_a_source_is_made_of_texts(name: str, thing: object) -> None:
    arguments = {"text": "", name: thing}
    with pytest.raises(TypeError, match=f"takes a string as {name}, not {type(thing).__name__}"):
        Source(**arguments)  # type: ignore[arg-type]
