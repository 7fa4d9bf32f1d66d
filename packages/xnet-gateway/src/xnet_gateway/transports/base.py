"""What a transport is: it says how an interpreter is reached; other modules follow that route.

A transport turns a specification into a *route*, which is data: a command line to run, an address
to connect to, or one to listen at. That keeps transports free of processes and threads, so that each can be
checked by what it returns, and so that the same route can be followed from here (``local``) or from
the machine of another gateway (``via``).

Third parties write a class with one method and name it in an entry point; see ``registry``.
"""

from __future__ import annotations

import abc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType
    from typing import Final, Protocol, TypeAlias

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.xspec import XSpec

    Route: TypeAlias = "Command | Address | Listen"

    class Master(Protocol):
        """The gateway from whose machine a route is followed (``via=``, ``installvia=``)."""

        id: str

        def remote_exec(self, source: str | ModuleType) -> Channel:
            """See ``Gateway.remote_exec``."""

        def remote_service(self, name: str) -> Channel:
            """See ``Gateway.remote_service``."""

        def services(self) -> list[str]:
            """See ``Gateway.services``."""

        def newchannel(self) -> Channel:
            """See ``Gateway.newchannel``."""

    class ProcessHandle(Protocol):
        """What is known of the interpreter's process, here or elsewhere. Threads: any."""

        remoteaddress: str

        @property
        def pid(self) -> int:
            """Process id, or 0 if it is not known."""

        @property
        def returncode(self) -> int | None:
            """Exit status, negative for a signal; None while it runs or is not known."""

        @property
        def exited(self) -> bool:
            """Whether the process has ended, or can no longer be observed."""

        def when_exited(self, action: Callable[[], None]) -> None:
            """Run the action once that is so."""

        def wait(self, timeout: float | None = None) -> int | None:
            """Wait for it, at most this many seconds; return the exit status if it is known."""

        def kill(self) -> None:
            """End it: politely, a moment later by force."""

        def kill_now(self) -> None:
            """End it by force."""

        def describe(self) -> str:
            """Return a sentence about how it ended, with its last words."""


#: Keys of the transports that ``registry`` has by itself, known without loading them.
KEYS: Final = (
    "popen", "ssh", "vagrant_ssh", "socket", "unix", "listen", "command", "srun",
    "docker", "podman", "kubectl", "lxc", "wsl", "sudo",
)  # fmt: skip

#: Stands in a command line for the interpreter of the process that runs it.
THIS_PYTHON: Final = "<this python>"


class Command:
    """A command line that starts an interpreter whose stdin and stdout are the connection.

    Attributes:
        argv: The program and its arguments. No secrets: every user of a machine can read it.
        env: Variables to set for the program before it starts.
        cwd: Directory to start it in, created if missing; None for the current one.
        remoteaddress: Where the interpreter will be, for messages.
    """

    __slots__ = ("argv", "cwd", "env", "remoteaddress")

    def __init__(
        self,
        argv: Sequence[str],
        remoteaddress: str,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> None:
        self.argv = list(argv)
        self.remoteaddress = remoteaddress
        self.env = dict(env or {})
        self.cwd = cwd

    def __repr__(self) -> str:
        return f"Command({self.argv!r}, {self.remoteaddress!r})"


class Address:
    """A server that gives an interpreter to each client.

    Attributes:
        address: ``HOST:PORT``, or the path of a unix socket, which begins with ``/``.
        secret: What both sides prove to know; None looks in ``secret_file`` and the environment.
        secret_file: File with the secret, or None.
        tls: Files that protect the connection, by option (``ca``, ``cert``, ``key``), the empty
            dictionary for TLS without any; None for no TLS.
    """

    __slots__ = ("address", "secret", "secret_file", "tls")

    def __init__(
        self,
        address: str,
        *,
        secret: bytes | None = None,
        secret_file: str | None = None,
        tls: dict[str, str] | None = None,
    ) -> None:
        self.address = address
        self.secret = secret
        self.secret_file = secret_file
        self.tls = tls

    def __repr__(self) -> str:
        return f"Address({self.address!r})"  # never show the secret


class Listen:
    """A place where a worker is going to connect to us.

    Attributes:
        address: ``HOST:PORT``, where port 0 lets the system choose, or the path of a unix socket.
        secret_file: File with the secret, or None: the environment's, else one is made for this worker.
        tls: Files that protect the connection, as for ``Address``, or None; ``ca`` is who has signed the
            certificates of workers.
        timeout_s: How long to wait for the worker.
    """

    __slots__ = ("address", "secret_file", "timeout_s", "tls")

    def __init__(
        self, address: str, *, secret_file: str | None, tls: dict[str, str] | None, timeout_s: float
    ) -> None:
        self.address = address
        self.secret_file = secret_file
        self.tls = tls
        self.timeout_s = timeout_s

    def __repr__(self) -> str:
        return f"Listen({self.address!r})"


class Transport(abc.ABC):
    """Reaches interpreters that specifications with a certain key name.

    Attributes:
        key: That key, for example ``ssh`` for ``ssh=host``.
        network: Whether a network lies in between, where a peer can be gone without anybody telling:
            then the connection is watched, unless ``keepalive=`` says otherwise.

    Threads: any; a transport keeps no state between calls.
    """

    key: str
    network = False

    @abc.abstractmethod
    def route(self, spec: XSpec) -> Route:
        """Return how the interpreter of a specification is reached. Starts and connects nothing.

        Raises:
            ValueError: A value of the specification is not valid here. The text names key, value,
                specification, and what was expected (the fault of its author).

        Nothing else is raised, whatever the specification says.
        """


class Connected:
    """A byte stream to an interpreter that has been started.

    Attributes:
        read_fd: What the worker says.
        write_fd: What the worker hears; may be the same.
        process: The handle of its process.
        first_bytes: What must be written before the protocol begins.
    """

    __slots__ = ("first_bytes", "process", "read_fd", "write_fd")

    def __init__(self, read_fd: int, write_fd: int, process: ProcessHandle, first_bytes: bytes = b"") -> None:
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.process = process
        self.first_bytes = first_bytes
