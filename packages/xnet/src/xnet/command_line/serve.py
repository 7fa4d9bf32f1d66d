"""``python -m xnet serve``: give a Python interpreter on this machine to clients that know a secret."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading

import click

from xnet_gateway.sockets import listening, secrets_source
from xnet_gateway.sockets.addresses import is_loopback, parse_host_port
from xnet_gateway.sockets.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Final

    from xnet_gateway.sockets.listening import Listener

#: The server ended as it was told, by a signal or because of ``--once``.
EXIT_DONE: Final = 0
#: It cannot listen: the address is taken, or not of this machine.
EXIT_CANNOT: Final = 1
#: The command line, the secret or a certificate cannot be used.
EXIT_MISTAKE: Final = 2
#: Loopback only, at a port that is free.
DEFAULT_BIND: Final = "127.0.0.1:0"

EPILOG: Final = """\
\b
Examples:
  xnet serve --bind 127.0.0.1:8888
  xnet serve --bind 0.0.0.0:8888 --secret-file secret --tls-cert server.pem
  xnet serve --unix /run/user/1000/xnet.sock

\b
The secret:
  It is in the file of --secret-file, or of the environment variable XNET_SECRET_FILE, or it is the value of
  XNET_SECRET. It is never given on the command line, which every user of a machine can see. To make one:
      (umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' > secret)
  It proves who connects. It does not hide or protect what is sent: beyond this machine use TLS too, or ssh.

\b
Output:
  One line on standard output once it listens:      listening on 127.0.0.1:43215
  Events, and what the interpreters print, go to standard error.

\b
End:
  SIGTERM, SIGINT and SIGHUP end it and all interpreters that it started, within seconds.
  exit status 0  it ended as told, by a signal or after --once
              1  it cannot listen there
              2  the command line, the secret or a certificate cannot be used
"""


class Options:
    """What the command line says."""

    def __init__(
        self,
        bind: str,
        unix: str | None,
        once: bool,
        secret_file: str | None,
        tls_cert: str | None,
        tls_key: str | None,
        tls_client_ca: str | None,
    ) -> None:
        self.bind = bind
        self.unix = unix
        self.once = once
        self.secret_file = secret_file
        self.tls_cert = tls_cert
        self.tls_key = tls_key
        self.tls_client_ca = tls_client_ca


@click.command(name="serve", epilog=EPILOG, context_settings={"max_content_width": 110})
@click.option(
    "--bind",
    metavar="HOST:PORT",
    help="Where to listen; port 0 lets the system choose. Default: 127.0.0.1:0. Other machines can reach"
    " it only if this names an address of the network, which needs a secret.",
)
@click.option(
    "--unix", metavar="PATH", help="Listen on a unix socket instead, to which only this user can connect."
)
@click.option("--once", is_flag=True, help="Serve one accepted connection, then end.")
@click.option("--secret-file", metavar="FILE", help="File with the secret, which only its owner can read.")
@click.option(
    "--tls-cert", metavar="FILE", help="Certificate (PEM) of this server; everything is sent over TLS."
)
@click.option("--tls-key", metavar="FILE", help="Its key, if that is not in the same file.")
@click.option(
    "--tls-client-ca", metavar="FILE", help="Clients need a certificate too, signed by one of these."
)
def command(
    bind: str | None,
    unix: str | None,
    once: bool,
    secret_file: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    tls_client_ca: str | None,
) -> int:
    """Listen on a socket and give a Python interpreter to every client that knows the secret.

    Such an interpreter is reached with the gateway specification socket=HOST:PORT, or unix=PATH.

    Every accepted client runs code as the user of this command.
    """
    if bind is not None and unix is not None:
        raise click.UsageError("--unix is not allowed with --bind: expected only one of them")
    if tls_cert is None and (tls_key or tls_client_ca):
        raise click.UsageError("--tls-key and --tls-client-ca need --tls-cert, without which there is no TLS")
    return main(Options(bind or DEFAULT_BIND, unix, once, secret_file, tls_cert, tls_key, tls_client_ca))


def main(options: Options) -> int:
    """Serve until a signal comes; return the exit status."""
    from xnet_gateway.transports.popen import fill_standard_descriptors

    fill_standard_descriptors()
    try:
        secret = secrets_source.find_secret(options.secret_file)
        context = _context(options)
        listener = _listen(options, secret)
    except ValueError as error:
        report(str(error))
        return EXIT_MISTAKE
    except OSError as error:
        report(error.strerror or str(error))
        return EXIT_CANNOT
    server = Server(listener, secret=secret, context=context, once=options.once, report=report)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup, and shells for what runs in the background
            signal.signal(number, lambda _number, _frame: server.stop())
    _warn(options, listener, secret)
    try:
        sys.stdout.write(f"listening on {listener.address}\n")
        sys.stdout.flush()
    except OSError:
        server.stop()  # the reader of our address has gone
    server.run()
    return EXIT_DONE


def _context(options: Options) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        return None
    from xnet_gateway.sockets.tls import server_context

    return server_context(options.tls_cert, options.tls_key, options.tls_client_ca)


def _listen(options: Options, secret: bytes | None) -> Listener:
    if options.unix is not None:
        return listening.listen_unix(options.unix)
    return listening.listen(options.bind, secret_given=secret is not None)


def _warn(options: Options, listener: Listener, secret: bytes | None) -> None:
    """Say what is allowed and not safe everywhere."""
    if options.unix is not None:
        return
    if secret is None:
        report("no secret: every user of this machine can run code as you (see --help)")
    if options.tls_cert is None and not is_loopback(parse_host_port(listener.address)[0]):
        report("no TLS: anyone on the network path can read and change what is sent (see --help)")


_report_lock = threading.Lock()


def report(text: str) -> None:
    """Write a line to standard error, if it can be taken at once.

    If our standard error is not read, it will be full one day, and then anyone who can connect and be refused
    could stop this server. So lines are lost instead. Threads: any.
    """
    line = f"xnet serve: {text}\n".encode(errors="backslashreplace")
    with _report_lock:
        try:
            # A pipe that is ready takes this many bytes without blocking (PIPE_BUF).
            if select.select([], [2], [], 0)[1]:
                os.write(2, line[:4096])
        except OSError:
            pass  # it is closed
