"""``python -m xnet connect``: bring a Python interpreter to a program that listens for one."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time

from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets import secrets_source
from xnet_gateway.sockets.authentication import MIN_SECRET_BYTES
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.tls import TlsOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: It could not connect, or the other side is not the one that is meant.
EXIT_CANNOT: Final = 1
#: The command line, the secret or a certificate cannot be used.
EXIT_MISTAKE: Final = 2
#: How long connecting, TLS and the proofs may take, in seconds.
CONNECT_S: Final = 30.0
#: Between two tries: at first, and at most, in seconds.
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0

DESCRIPTION: Final = """\
Connect to a program that waits with the gateway specification listen=HOST:PORT, and be its interpreter. For
machines that can reach the program but cannot be reached by it, behind a router or firewall.

Whoever listens there and knows the secret runs code as the user of this command."""

EPILOG: Final = """\
the secret:
  The program that listens shows it, or both were given the same: in the file of --secret-file, or of the
  environment variable XNET_SECRET_FILE, or as the value of XNET_SECRET. Without any, this command asks for it
  on the terminal, or reads a line of standard input. It is never given on the command line, which every user
  of a machine can see. It proves both sides to each other; it does not hide what is sent: use --tls for that.

end:
  The interpreter ends when the program ends it or is gone, and this command with it.
  exit status 0  as the interpreter's
              1  it cannot be reached, or is not the one that is meant
              2  the command line, the secret or a certificate cannot be used
"""


def main(arguments: list[str]) -> int:
    """Connect and serve until the other side ends it; return the exit status.

    Raises:
        SystemExit: The command line is wrong, or only asks for help.
    """
    from xnet_gateway.transports.popen import fill_standard_descriptors

    fill_standard_descriptors()
    options = _parse(arguments)
    try:
        secret = secrets_source.find_secret(options.secret_file) or _ask()
        fd = _connect(options, secret)
    except ValueError as error:
        _report(str(error))
        return EXIT_MISTAKE
    except HostNotFound as error:
        _report(str(error))
        return EXIT_CANNOT
    if not options.quiet:
        _report(f"connected to {options.address}")
    return _serve(fd)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m xnet connect",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("address", metavar="HOST:PORT", help="where the program listens")
    parser.add_argument(
        "--secret-file", metavar="FILE", help="file with the secret, which only its owner can read"
    )
    parser.add_argument(
        "--retry",
        metavar="SECONDS",
        type=_seconds,
        default=0.0,
        help="go on trying for so long while nobody listens there",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing unless it fails")
    parser.add_argument("--tls", action="store_true", help="use TLS, as the program does")
    parser.add_argument("--tls-ca", metavar="FILE", help="who has signed its certificate (PEM)")
    parser.add_argument("--tls-cert", metavar="FILE", help="our certificate, if it asks for one")
    parser.add_argument("--tls-key", metavar="FILE", help="its key, if that is not in the same file")
    return parser.parse_args(arguments)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, not {text!r}")
    return seconds


def _ask() -> bytes:
    """Return the secret that somebody types or pipes.

    Raises:
        ValueError: It is none.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        text = getpass.getpass("secret: ")
    else:
        # One line and not a byte more could be read here; what follows is nobody's.
        text = sys.stdin.readline(4096) if sys.stdin is not None else ""
    secret = os.fsencode(text.strip())
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(
            f"the secret that was given has {len(secret)} bytes, expected at least {MIN_SECRET_BYTES}:"
            " the program that listens shows it, or see --help"
        )
    return secret


def _connect(options: argparse.Namespace, secret: bytes) -> int:
    tls = None
    if options.tls or options.tls_ca or options.tls_cert or options.tls_key:
        tls = TlsOptions(options.tls_ca, options.tls_cert, options.tls_key)
    until_s = time.monotonic() + options.retry
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return dial(options.address, secret=secret, tls=tls, timeout_s=CONNECT_S)
        except HostNotFound as error:
            # Who does not know the secret will not learn it: only what may pass is tried again.
            if "authentication failed" in str(error) or time.monotonic() + pause_s > until_s:
                raise
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _serve(fd: int) -> int:
    """Give the connection to an interpreter of its own; return its exit status when it has ended."""
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", FIRST_LINE],
        stdin=fd,
        stdout=fd,
        env=secrets_source.without_secrets(os.environ),
    )
    os.close(fd)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: child.terminate())
    while True:
        try:
            status = child.wait()
        except KeyboardInterrupt:  # the interpreter has it from the terminal, too
            continue
        return status if status >= 0 else 128 - status


def _report(text: str) -> None:
    sys.stderr.write(f"xnet connect: {text}\n")
