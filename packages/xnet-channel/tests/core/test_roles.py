"""Tests of `xnet_channel.core.roles`.

Spec: CH-001.
"""

from __future__ import annotations

from core_helpers import other, running
from xnet_channel.core import roles


def test_ch_001_the_two_ends_differ_in_the_parity_of_their_ids() -> None:
    ids = {role: running(role).open_channel().id for role in (roles.INITIATOR, roles.WORKER)}
    assert ids == {roles.INITIATOR: 1, roles.WORKER: 2}
    assert other(other(roles.WORKER)) == roles.WORKER
