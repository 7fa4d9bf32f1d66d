"""The exceptions to our rules, each with its reason. An entry no longer needed is a problem too."""

from __future__ import annotations

from typing import Final

# path -> why it may be longer than file_sizes.MOST_LINES
FILE_SIZES: Final[dict[str, str]] = {
    "packages/xnet-gateway/src/xnet_gateway/bare/bare_worker.py": "sent as one file",
}

# source file -> why no test file has its name
_THREADS: Final = "packages/xnet-channel/src/xnet_channel/threads/"
WITHOUT_TEST_FILE: Final[dict[str, str]] = {
    _THREADS + "callbacks.py": "test_channel.py: callbacks are reached through channels only",
    _THREADS + "dispatching.py": "test_session.py and test_channel.py: every event goes through it",
    _THREADS + "dropping.py": "test_channel.py: dropped channels",
    _THREADS
    + "forking.py": "packages/xnet-gateway/tests/test_death.py: forks of real workers and initiators",
    _THREADS + "interests.py": "two constants",
    _THREADS + "leading.py": "test_session.py and xnet-gateway/tests/test_interrupt.py: every wait leads",
    _THREADS + "mailbox.py": "test_channel.py: the state behind every channel",
    _THREADS + "owner.py": "a base class whose methods do nothing",
    _THREADS + "relief.py": "test_channel.py and packages/xnet-gateway/tests/test_flow.py",
    _THREADS + "sending.py": "test_channel.py and packages/xnet-gateway/tests/test_flow.py",
    _THREADS + "spin.py": "how long to look before blocking: seen only in tools/bench",
    _THREADS + "tracebacks.py": "test_threads_errors.py",
    _THREADS + "writer.py": "test_session.py and packages/xnet-gateway/tests/test_flow.py",
    "packages/xnet-gateway/src/xnet_gateway/worker_config.py": "one dictionary, filled by xnet.alias",
}
