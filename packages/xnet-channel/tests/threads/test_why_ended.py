"""Why a connection ended, in a sentence."""

from __future__ import annotations

import pytest

from xnet_channel.core.errors import PeerGoneAway, ProtocolError, RemoteProtocolError
from xnet_channel.threads.why_ended import describe_end
from xnet_wire import codes


@pytest.mark.parametrize(
    ("failure", "error", "sentence"),
    [
        (None, None, "gw0: the other side ended the connection"),
        (None, OSError("reset"), "gw0: the connection broke: reset"),
        (
            PeerGoneAway(codes.NO_ERROR, "bye"),
            None,
            "gw0: the other side ended the connection with NO_ERROR: bye",
        ),
        (PeerGoneAway(777, "bye"), None, "gw0: the other side ended the connection with error 777: bye"),
        (
            RemoteProtocolError(codes.VALUE_MALFORMED, "no type"),
            OSError("reset"),
            "gw0: the other side broke the protocol: no type",
        ),
        (RemoteProtocolError(codes.PREAMBLE_MISSING, "a shell answered"), None, "gw0: a shell answered"),
        (RemoteProtocolError(codes.INTERNAL_ERROR, "a bug"), None, "gw0: a bug"),
    ],
)
def test_each_kind_of_end(failure: ProtocolError | None, error: OSError | None, sentence: str) -> None:
    assert describe_end("gw0", failure, error) == sentence
