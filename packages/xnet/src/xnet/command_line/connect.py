"""``python -m xnet connect``: bring a Python interpreter to a program that listens for one."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time

import click

from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.child_environment import child_environment
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets import secrets_source
from xnet_gateway.sockets.authentication import BRINGING, MIN_SECRET_BYTES, AuthenticationError
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.handshaking import NoAnswer
from xnet_gateway.sockets.tls import TlsOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: It could not connect, or the other side is not the one that is meant.
EXIT_CANNOT: Final = 1
#: The command line, the secret or a certificate cannot be used.
EXIT_MISTAKE: Final = 2
#: Ctrl-C, as shells have it.
EXIT_INTERRUPTED: Final = 128 + signal.SIGINT
#: How long connecting, TLS and the proofs may take, in seconds.
CONNECT_S: Final = 30.0
#: Between two tries: at first, and at most, in seconds.
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
#: Two interrupts no further apart than this mean more than one, in seconds.
AGAIN_S: Final = 3.0

EPILOG: Final = """\
\b
Examples:
  xnet connect program.example.org:8888
  xnet connect 10.0.0.7:8888 --retry 600 --secret-file ~/.xnet-secret --tls-ca ca.pem

\b
The secret:
  The program that listens shows it, or both were given the same: in the file of --secret-file, or of the
  environment variable XNET_SECRET_FILE, or as the value of XNET_SECRET. Without any, this command asks for it
  on the terminal, or reads a line of standard input. It is never given on the command line, which every user
  of a machine can see. It proves both sides to each other; it does not hide what is sent: use --tls for that.

\b
End:
  The interpreter ends when the program ends it or is gone, and this command with it. Ctrl-C interrupts what
  it executes; twice, as SIGTERM and SIGHUP do, it ends both.
  exit status 0  as the interpreter's
              1  it cannot be reached, or is not the right one
              2  the command line, the secret or a certificate cannot be used
            130  Ctrl-C before it was connected
"""


class Options:
    """What the command line says."""

    def __init__(
        self, address: str, secret_file: str | None, retry: float, quiet: bool, tls: TlsOptions | None
    ) -> None:
        self.address = address
        self.secret_file = secret_file
        self.retry = retry
        self.quiet = quiet
        self.tls = tls


@click.command(name="connect", epilog=EPILOG, context_settings={"max_content_width": 110})
@click.argument("address", metavar="HOST:PORT")
@click.option("--secret-file", metavar="FILE", help="File with the secret, which only its owner can read.")
@click.option(
    "--retry",
    metavar="SECONDS",
    default="0",
    callback=lambda _context, _option, value: _seconds(value),
    help="Keep trying for this long while nothing listens there.",
)
@click.option("--quiet", is_flag=True, help="Print nothing unless it fails.")
@click.option("--tls", is_flag=True, help="Use TLS, as the program does.")
@click.option("--tls-ca", metavar="FILE", help="The CA that signed its certificate (PEM).")
@click.option("--tls-cert", metavar="FILE", help="Our certificate, if it asks for one.")
@click.option("--tls-key", metavar="FILE", help="Its key, if that is not in the same file.")
def command(
    address: str,
    secret_file: str | None,
    retry: float,
    quiet: bool,
    tls: bool,
    tls_ca: str | None,
    tls_cert: str | None,
    tls_key: str | None,
) -> int:
    """Bring an interpreter to a program that waits with the gateway specification listen=HOST:PORT.

    For machines that can reach the program but cannot be reached by it, behind a router or firewall.
    HOST:PORT may be the path of a unix socket, too.

    A program that listens there and knows the secret runs code as the user of this command.
    """
    tls_options = TlsOptions(tls_ca, tls_cert, tls_key) if tls or tls_ca or tls_cert or tls_key else None
    return main(Options(address, secret_file, retry, quiet, tls_options))


def main(options: Options) -> int:
    """Connect and serve until the other side ends it; return the exit status."""
    from xnet_gateway.transports.popen import fill_standard_descriptors

    fill_standard_descriptors()
    try:
        secret = secrets_source.find_secret(options.secret_file) or _ask()
        fd = _connect(options, secret)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ValueError as error:
        _report(str(error))
        return EXIT_MISTAKE
    except HostNotFound as error:
        _report(str(error))
        return EXIT_CANNOT
    return _serve(fd)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise click.BadParameter(f"expected seconds, not {text!r}")
    return seconds


def _ask() -> bytes:
    """Return the secret that is typed or piped in.

    Raises:
        ValueError: It is not a secret.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        text = getpass.getpass("secret: ")
    else:
        # One line and not a byte more could be read here; what follows is not used.
        text = sys.stdin.readline(4096) if sys.stdin is not None else ""
    secret = os.fsencode(text.strip())
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(
            f"the secret has {len(secret)} bytes, expected at least {MIN_SECRET_BYTES}:"
            " the program that listens shows it, or see --help"
        )
    return secret


def _connect(options: Options, secret: bytes) -> int:
    until_s = time.monotonic() + options.retry
    pause_s = FIRST_PAUSE_S
    tries = 0
    while True:
        try:
            return _try(options, secret)
        except HostNotFound as error:
            if not may_pass(error) or time.monotonic() + pause_s > until_s:
                raise
            if not tries and not options.quiet:
                _report(f"{error}; trying again for {options.retry:g} s")
        tries += 1
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _try(options: Options, secret: bytes) -> int:
    """Return the descriptor of a connection on which the program has begun to speak.

    Raises:
        HostNotFound: There is none.
        ValueError: An argument is not valid.
    """
    fd = dial(options.address, secret=secret, tls=options.tls, timeout_s=CONNECT_S, parties=BRINGING)
    if not options.quiet:
        _report(f"connected to {options.address}")
    # It speaks first. If it waits for others too, it begins when all are there; if one of them does not come
    # it leaves, and an interpreter would have been started for nothing.
    with socket.socket(fileno=fd) as sock:
        try:
            begins = sock.recv(1, socket.MSG_PEEK)
        except OSError as error:
            raise HostNotFound(f"{options.address} has broken the connection: {error}") from None
        if not begins:
            raise HostNotFound(f"{options.address} has closed the connection without using it")
        return sock.detach()


def may_pass(error: HostNotFound) -> bool:
    """Say whether it may be otherwise in a moment.

    Who does not know the secret, or is somebody else, will not learn it. Who closes the connection without a
    word may have had too many others, or may just have ended.
    """
    if isinstance(error.__cause__, AuthenticationError):
        return isinstance(error.__cause__, NoAnswer)
    return not isinstance(error.__cause__, ssl.SSLCertVerificationError)


def _serve(fd: int) -> int:
    """Give the connection to a new interpreter; return its exit status when it has ended."""
    signals = Signals()
    try:
        child = subprocess.Popen(
            [sys.executable, "-u", "-c", FIRST_LINE],
            stdin=fd,
            stdout=fd,
            env=child_environment(),
        )
    except OSError as error:
        _report(f"cannot start {sys.executable!r}: {error}")
        return EXIT_CANNOT
    finally:
        os.close(fd)
    signals.started(child)
    status = child.wait()
    return status if status >= 0 else 128 - status


class Signals:
    """What signals do from now on: SIGTERM and SIGHUP end the interpreter.

    Ctrl-C is for what it executes: it has that from the terminal too, and the connection is not lost. Twice,
    it ends the interpreter as well.
    """

    def __init__(self) -> None:
        """Begin to handle them; a process that is started does not inherit that."""
        self._child: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._last_s = -AGAIN_S
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup, and what shells run in the background
                signal.signal(number, self._handle)

    def started(self, child: subprocess.Popen[bytes]) -> None:
        """There is an interpreter; if it should have ended already, it does."""
        self._child = child
        if self._ended:
            child.terminate()

    def _handle(self, number: int, _frame: object) -> None:
        if number == signal.SIGINT:
            self._interrupt()
        else:
            self._end()

    def _end(self) -> None:
        self._ended = True
        if self._child is not None:
            self._child.terminate()

    def _interrupt(self) -> None:
        now_s = time.monotonic()
        if now_s - self._last_s < AGAIN_S:
            self._end()
        else:
            _report("interrupted; interrupt again to end the interpreter")
        self._last_s = now_s


def _report(text: str) -> None:
    sys.stderr.write(f"xnet connect: {text}\n")
