"""Errors of gateways. Others come from below: see ``xnet_channel.threads.errors``.

* ``HostNotFound``: no interpreter could be reached; the text has the other side's own words.
* ``ValueError``: the specification means nothing (``xnet_gateway.spec_rules``).
"""

from __future__ import annotations


class HostNotFound(Exception):
    """No interpreter could be started or reached; the name is execnet's."""
