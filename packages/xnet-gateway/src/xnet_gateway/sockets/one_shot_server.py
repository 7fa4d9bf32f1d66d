"""A server for one connection, as text that another gateway's interpreter executes (``installvia=``).

That interpreter may be any that the bare worker runs on, and has the standard library only. So the text is
for Python 2.7 and for 3.6 and newer, uses nothing of ours, and does again what ``authentication`` and
``server`` do, as small as it can be: one thread that looks after up to 16 clients at a time until one of them
knows the secret.

What it says and hears on its channel::

    receives  (host, secret, first line, seconds)    "localhost", bytes, bootstrap.FIRST_LINE, 60
    sends     (host, port)                           where it listens, the host as a number
    sends     pid                                    when the client was let in and has its process
    or ends with an error                            nobody came in time, it cannot listen or start a process

The secret is made for this one connection by whoever sends the text, and travels over that gateway.

Spec: SO-030, and the handshake as in ``authentication``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

SOURCE: Final = r"""
class Imports(object):
    # A block in which modules are loaded, as anywhere.

    def __enter__(self): pass

    def __exit__(self, *error): pass


# As when the worker began, whatever code has changed since.
with getattr(channel.gateway, "_own_imports", Imports()):
    import binascii, errno, hashlib, hmac, os, select, socket, subprocess, sys, threading, time
    u"localhost".encode("idna")  # as `socket` will

MAX_LINE, MAX_CLIENTS, CLIENT_S, LINGER_S, POLL_MS = 512, 16, 10.0, 5.0, 250
ERRORS = (OSError, IOError, socket.error, select.error)
AGAIN = (errno.EAGAIN,), (errno.EWOULDBLOCK,), (errno.EINTR,)


class CLOCK(object):  # in a class, where no library that stops the clock finds it
    monotonic = getattr(time, "monotonic", time.time)


def listen(host):
    family, kind, _, _, address = socket.getaddrinfo(host, 0, 0, socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind)
    listener.bind(address)
    listener.listen(128)
    listener.setblocking(False)
    return listener


def prove(secret, side, server_nonce, client_nonce):
    message = b" ".join((b"xnet-socket/1", side, server_nonce, client_nonce))
    return hmac.new(secret, message, hashlib.sha256).hexdigest().encode("ascii")


class Client(object):
    # Somebody who has connected and proved nothing yet.

    def __init__(self, end):
        self.end, self.line, self.until = end, b"", CLOCK.monotonic() + CLIENT_S
        self.nonce = binascii.hexlify(os.urandom(32))
        end.setblocking(False)
        if end.family != getattr(socket, "AF_UNIX", None):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.say(b"hmac-sha256 " + self.nonce)

    def say(self, words):
        # It fits any buffer; a client that has none is none.
        self.end.send(b"xnet-server/1 " + words + b"\n")

    def hear(self, secret):
        # Return True when it has proved that it knows the secret, False when it has not, None before.
        while not self.line.endswith(b"\n"):
            try:
                data = self.end.recv(1)  # what follows the line belongs to the process
            except ERRORS as error:
                return None if error.args[:1] in AGAIN else False
            self.line += data
            if not data or len(self.line) > MAX_LINE:
                return False
        words = self.line[:-1].split(b" ")
        if len(words) != 4 or words[:2] != [b"xnet-client/1", b"hmac-sha256"]:
            self.say(b"no a secret is needed")
            return False
        if not same(words[3], prove(secret, b"client", self.nonce, words[2])):
            self.say(b"no the secret is wrong")
            return False
        self.say(b"ok " + prove(secret, b"server", self.nonce, words[2]))
        return True


def same(one, other):
    # In the same time wherever they differ, also where there is no function for that yet.
    if hasattr(hmac, "compare_digest"):
        return hmac.compare_digest(one, other)
    different = len(one) ^ len(other)
    for a, b in zip(bytearray(one), bytearray(other)):
        different |= a ^ b
    return not different


def wait_readable(ends):
    poller = select.poll()
    for end in ends:
        poller.register(end, select.POLLIN)
    try:
        return [fd for fd, _ in poller.poll(POLL_MS)]
    except ERRORS:
        return []  # Python 2 was interrupted


def wait_for_client(listener, secret, until, channel):
    # Return the end of the one that knows the secret. Others cost the older ones their place, not us ours.
    # None if nobody wants it any more.
    clients = []
    try:
        while CLOCK.monotonic() < until:
            if channel.isclosed():
                return None
            readable = wait_readable([listener] + [client.end for client in clients])
            if listener.fileno() in readable:
                try:
                    clients.append(Client(listener.accept()[0]))
                except ERRORS:
                    pass  # it has gone already
            for client in list(clients):
                known = None
                if client.end.fileno() in readable:
                    try:
                        known = client.hear(secret)
                    except ERRORS:
                        known = False
                if known:
                    clients.remove(client)
                    return client.end
                if known is False or CLOCK.monotonic() > client.until or len(clients) > MAX_CLIENTS:
                    clients.remove(client)
                    client.end.close()
        raise EnvironmentError("nobody who knows the secret has connected in time")
    finally:
        listener.close()
        for client in clients:
            client.end.close()


def serve(channel):
    host, secret, first_line, seconds = channel.receive()
    secret = bytes(secret)
    listener = listen(host)
    channel.send(tuple(listener.getsockname()[:2]))
    end = wait_for_client(listener, secret, CLOCK.monotonic() + seconds, channel)
    if end is None:
        return
    end.setblocking(True)
    environment = dict(os.environ)
    for name in ("XNET_SECRET", "XNET_SECRET_FILE"):
        environment.pop(name, None)
    try:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", first_line],
            stdin=end.fileno(), stdout=end.fileno(), close_fds=True, env=environment,
        )
        waiter = threading.Thread(target=wait, args=(process, end))
        waiter.daemon = True
        waiter.start()
    except BaseException:
        end.close()
        raise
    channel.send(process.pid)


def wait(process, end):
    process.wait()
    try:
        end.shutdown(socket.SHUT_WR)  # whoever else holds it
        end.settimeout(LINGER_S)
        until = CLOCK.monotonic() + LINGER_S
        while end.recv(65536) and CLOCK.monotonic() < until:
            pass  # closed with bytes unread, it would be reset, and the last words lost
    except ERRORS:
        pass
    end.close()


serve(channel)
"""
