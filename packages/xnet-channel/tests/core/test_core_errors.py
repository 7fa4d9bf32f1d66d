"""Tests of `xnet_channel.core.errors`.

Spec: ER-001.
"""

from __future__ import annotations

import pytest

from xnet_channel.core.errors import LocalProtocolError, PeerGoneAway, ProtocolError, RemoteProtocolError
from xnet_wire import codes


@pytest.mark.parametrize("kind", [RemoteProtocolError, PeerGoneAway])
def test_er_001_what_concerns_the_wire_has_a_code_and_a_sentence(
    kind: type[RemoteProtocolError | PeerGoneAway],
) -> None:
    error = kind(codes.LIMIT_EXCEEDED, "too many of them")
    assert error.code == codes.LIMIT_EXCEEDED
    assert str(error) == "too many of them"
    assert isinstance(error, ProtocolError)


def test_a_local_mistake_is_none_of_the_peer() -> None:
    assert not issubclass(LocalProtocolError, RemoteProtocolError)
    assert not issubclass(RemoteProtocolError, LocalProtocolError)
