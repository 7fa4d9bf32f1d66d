"""Exit statuses, the same for every command. docs/command-line.md promises them."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: What was asked for was done.
EXIT_DONE: Final = 0
#: It was tried and failed: the code raised, a file could not be copied, a trace not be read.
EXIT_FAILED: Final = 1
#: The arguments could not be parsed; nothing was started.
EXIT_MISTAKE: Final = 2
#: An interpreter cannot be reached, or its connection ended too early.
EXIT_UNREACHABLE: Final = 3
#: ``--timeout`` was over, as with the program timeout.
EXIT_TIMEOUT: Final = 124
#: Ctrl-C, as shells have it.
EXIT_INTERRUPTED: Final = 128 + signal.SIGINT
#: Our output is no longer read, as with ``| head``.
EXIT_BROKEN_PIPE: Final = 128 + signal.SIGPIPE
