"""Executions that fail, or whose code comes later or forks."""

from . import describing
from .errors import CANNOT_SEND, ClosedError, RemoteError
from .interpreter import OS, PY2, native, sys
from .payloads import check_exec, must
from .protocol import PAYLOAD_MALFORMED, implementation
from .strings import as_text


def receive_request(execution):
    """Take the request that is the first item of the channel (GW-007, GW-008)."""
    item = execution.channel.receive()
    must(type(item) is bytes, PAYLOAD_MALFORMED, "the request behind CHANNEL_EXEC is no bytes but %s", item)
    execution.request = check_exec(item)
    must(execution.request, PAYLOAD_MALFORMED, "the request behind CHANNEL_EXEC says that it follows once more")


def failure_of(execution, error, trace, pid):
    """Return what to say about an exception that came out of the code."""
    if isinstance(error, SystemExit) and OS.getpid() != pid:
        code = error.code
        known = code is None or isinstance(code, int)
        end_child((code or 0) & 0xFF if known else 1, "" if known else "%s\n" % (code,))
    cannot_send = type(error) is ClosedError and CANNOT_SEND in str(error)
    execution.follows = cannot_send or isinstance(error, RemoteError)
    trace = trace.tb_next  # without the function that executes
    if trace is not None and trace.tb_frame.f_code.co_name == "execute":
        trace = trace.tb_next  # which Python 2 needs
    if trace is not None and PY2 and trace.tb_frame.f_code.co_filename == "<string>":
        trace = trace.tb_next
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename != execution.file:
        inner = inner.tb_next
    if trace is not None and trace.tb_frame.f_code.co_name == "run":
        trace = inner or trace  # without those of the event loop
    text = describing.describe(error, trace, execution.file, execution.source)
    if trace is None and text[:1] != "T":  # of what could not even begin; programs look for the words
        text = "Traceback (most recent call last):\n" + text
    if isinstance(error, SyntaxError) and trace is None:
        text += "The source cannot be parsed by the interpreter it was sent to, %s (%s).\n" % (
            implementation().split()[1],
            as_text(sys.executable or "?"),
        )
    return describing.tell_of(error, trace, text)


def end_child(status, words):
    """End a forked child; it has no connection, and what would follow is the business of its parent."""
    try:
        sys.stderr.write(native(words))
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass  # there is none, or it is closed
    OS._exit(status)
