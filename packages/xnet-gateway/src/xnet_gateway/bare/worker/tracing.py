"""EXECNET_DEBUG and XNET_TRACE_JSON."""

from .errors import warn
from .interpreter import CLOCK, EEXIST, OS, PY2, Text, os
from .protocol import CANCEL, FRAME_NAMES
from .sleeping import keep_private
from .strings import as_text


class Tracer(object):
    """Writes the lines of TR; each in one write, so that those of several threads do not mix.

    text_fd, json_fd    where to, or None; prefix: of lines of text; name: what this worker calls itself
    """

    def __init__(self, text_fd, prefix, json_fd):
        from json import dumps

        self.text_fd, self.prefix, self.json_fd = text_fd, prefix, json_fd
        self.quote = dumps
        self.name = "worker"

    def event(self, text):
        line = " | ".join(printable(part) for part in as_text(text).splitlines())
        if line.startswith(("sent <", "received <")):
            line = "| " + line
        self.write(line, '"event": ' + self.quote(as_text(text)))

    def frame(self, direction, kind, number, size):
        name = FRAME_NAMES[kind] if kind <= CANCEL else "OUTPUT" if kind == 128 else "TYPE_%d" % kind
        pairs = '"dir": "%s", "type": "%s", "channel": %d, "length": %d' % (direction, name, number, size)
        self.write("%s <Message %s channel=%d lendata=%d>" % (direction, name, number, size), pairs)

    def write(self, line, pairs):
        name = printable("_".join(as_text(self.name).split())) or "worker"
        if self.text_fd is not None:
            write_line(self.text_fd, "%s%s %s\n" % (self.prefix, name, line))
        if self.json_fd is not None:
            now = CLOCK.monotonic_ns() if CLOCK.monotonic_ns else int(CLOCK.monotonic() * 1e9)
            text = '{"ns": %d, "pid": %d, "side": %s, %s}\n' % (now, OS.getpid(), self.quote(name), pairs)
            write_line(self.json_fd, text)


def printable(text):
    """Return a text without what a terminal would act on, escaped."""

    def is_printable(character):
        number = ord(character)
        return number >= 32 and not 127 <= number < 160 if PY2 else character.isprintable()

    return Text().join(
        character if is_printable(character) else character.encode("unicode_escape").decode("ascii") for character in text
    )


def write_line(fd, line):
    try:
        OS.write(fd, line.encode("utf-8", "replace" if PY2 else "backslashreplace"))
    except OSError:
        pass  # a full disk must not end a connection (TR-003)


def open_tracer(level, json_prefix):
    def append_to(path):
        try:
            fd = open_private(path)
        except OSError as error:
            warn("cannot write the trace file %s, going on without it: %s" % (path, error.strerror or error))
            return None
        keep_private(fd)
        return fd

    pid = OS.getpid()
    text_fd = None
    if level == "1":
        from tempfile import gettempdir

        text_fd = append_to(os.path.join(gettempdir(), "execnet-debug-%d" % pid))
    elif level == "2":
        text_fd = OS.dup(2)
        keep_private(text_fd)
    json_fd = append_to("%s-%d.jsonl" % (json_prefix, pid)) if json_prefix else None
    if text_fd is None and json_fd is None:
        return None
    return Tracer(text_fd, "[%d] " % pid if level == "2" else "", json_fd)


def open_private(path):
    """Open a file for appending that nobody else can have put there (TR-005)."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW
    try:
        return OS.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if error.errno != EEXIST:
            raise
    # An earlier process of ours had the same number, or somebody has guessed ours: a pipe would let us wait.
    fd = OS.open(path, flags | os.O_NONBLOCK)
    found = OS.fstat(fd)
    is_file, is_ours = found.st_mode & 0o170000 == 0o100000, found.st_uid == os.geteuid()
    if not is_file or not is_ours or found.st_nlink != 1 or found.st_mode & 0o077:
        OS.close(fd)
        raise OSError(EEXIST, "what is there is not a file of this user alone; remove it")
    return fd
