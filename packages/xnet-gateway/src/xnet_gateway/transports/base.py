"""What a transport gives: descriptors to talk over, and whom we talk to."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from xnet_gateway.process import WorkerProcess
    from xnet_gateway.transports.via import RelayedProcess

    #: What is known of the interpreter's process, here or elsewhere.
    ProcessHandle: TypeAlias = WorkerProcess | RelayedProcess


class Connected:
    """A byte stream to an interpreter that has been started.

    Attributes:
        read_fd: What the worker says.
        write_fd: What the worker hears.
        process: The handle of its process.
    """

    __slots__ = ("process", "read_fd", "write_fd")

    def __init__(self, read_fd: int, write_fd: int, process: ProcessHandle) -> None:
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.process = process
