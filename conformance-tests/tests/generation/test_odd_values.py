"""Values that are seldom: they are values, each once, and as deep as they are said to be."""

from __future__ import annotations

import pytest

from xnet_conformance.cbor_reading import read_value
from xnet_conformance.conduct import Conduct
from xnet_conformance.generation.odd_values import at_depth, odd_values
from xnet_conformance.hello import Announced


def test_all_are_values_with_names_of_their_own() -> None:
    found = list(odd_values())
    assert len({name for name, _ in found}) == len(found) > 80
    for _, data in found:
        read_value(data)


@pytest.mark.parametrize("depth", [64, 512])
def test_what_is_at_a_depth_has_that_depth(depth: int) -> None:
    """Spec: VA-023."""
    for name, data in at_depth(depth).items():
        if b"\xc2\x40" in data:
            continue  # the integer 0, once it is read: no tag
        for limit, broken in ((depth, []), (depth - 1, ["VA-008"])):
            conduct = Conduct("worker", Announced(depth=limit, features=("surrogates",)))
            conduct.value(read_value(data))
            assert [violation.req for violation in conduct.violations] == broken, name
