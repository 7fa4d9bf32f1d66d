"""What a descriptor can be watched for."""

from __future__ import annotations

import selectors

from programs import output_of
from xnet_channel.platform.interests import READ, WRITE


def test_the_values_are_those_of_selectors() -> None:
    assert (READ, WRITE) == (selectors.EVENT_READ, selectors.EVENT_WRITE)


def test_a_session_that_leads_from_the_beginning_loads_no_reactor() -> None:
    """A worker that only waits has no need of the reactor, its thread or the module ``selectors``."""
    assert (
        output_of("""if 1:
            import os, sys, threading
            before = set(sys.modules)
            from xnet_channel.threads.session import Session
            session = Session(os.pipe()[0], os.pipe()[1], role="worker", lead_first=True)
            loaded = set(sys.modules) - before
            print("xnet_channel.platform.interests" in loaded, "selectors" in loaded,
                  "xnet_channel.platform.reactor" in loaded, threading.active_count())
        """)
        == "True False False 1\n"
    )
