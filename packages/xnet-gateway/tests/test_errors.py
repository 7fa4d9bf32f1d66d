"""The one error of this package."""

from __future__ import annotations

from xnet_gateway.errors import HostNotFound


def test_host_not_found_is_an_exception_with_a_text() -> None:
    assert str(HostNotFound("no gateway for 'popen'")) == "no gateway for 'popen'"
    assert not issubclass(HostNotFound, OSError)  # execnet's programs catch it apart
