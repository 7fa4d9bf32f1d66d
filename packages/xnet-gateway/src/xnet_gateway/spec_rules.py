"""Which keys of a specification mean something, and which values they take.

| key | value | meaning |
|---|---|---|
| ``popen`` | none | a process of this machine |
| ``id`` | text | name of the gateway in its group; the group makes one up (``gw0``, ``gw1`` ...) |
| ``chdir`` | path | working directory of the worker, made if only its last part is missing |
| ``nice`` | whole number | added to the niceness of the worker, which goes from -20 to 19 |
| ``env:NAME`` | text | environment variable, set before the interpreter starts |
| ``execmodel`` | ``thread``, ``main_thread_only``, ``gevent``, ``eventlet`` | where executed code runs |
| ``dont_write_bytecode`` | none | the worker writes no ``.pyc`` files |
| ``stdout`` | ``stderr`` (default), ``inherit``, ``null``, ``/path`` | where the worker's prints go |
| ``stderr`` | ``relay`` (default), ``inherit`` | whose standard error is: a pipe that we pass on, or ours |
| ``python`` | path or command | another interpreter |
| ``worker`` | command | a worker in whatever language, which speaks the protocol on its stdin and stdout |
| ``keepalive`` | seconds, 0 for never | end the gateway if nothing is heard for two to three times as long |
| ``limits`` | ``distrusted``, or ``memory:BYTES,...`` | what is taken from the worker, see ``Limits`` |
| ``via`` | id | the process is started by, and reached through, that gateway of the group |
| ``ssh`` and the like | | other transports, each with its own rules: ``transports/`` |

Other keys are the program's own and not looked at. execnet finds most of these mistakes only in the
worker, some never; here they are found before a process is started.
"""

from __future__ import annotations

from xnet_gateway.models import EXECMODELS
from xnet_wire.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.xspec import XSpec

#: Words for ``stdout=``; everything else must be an absolute path.
STDOUT_POLICIES = ("stderr", "inherit", "null")
#: Words for ``stderr=``.
STDERR_POLICIES = ("relay", "inherit")
#: From anywhere to either end of the niceness, and no number that a worker could not add.
FARTHEST_NICE = 40
#: How long silence on a network is nothing special, in seconds. A worker that computes without letting its
#: other threads run, in C for example, is silent too: where nothing tells the two apart, it is given up after
#: two to three times as long.
NETWORK_KEEPALIVE_S = 60.0
#: Below that, a busy machine would look like a dead one.
SHORTEST_KEEPALIVE_S = 0.05
LONGEST_KEEPALIVE_S = 86_400
_SWITCH_ON = (True, "1", "true", "yes", "on")


def check_spec(spec: XSpec) -> None:
    """Check the keys this version knows, before anything is started.

    Args:
        spec: The specification; attributes the caller assigned are checked like parsed ones.

    Raises:
        ValueError: A known key has a value that is not valid. The text has key, value and what was
            expected (our caller's fault).
    """
    if spec.id is not None:
        _check_text(spec, "id", spec.id, "a name, as in id=worker1")
    # For keys that execnet has, nothing after ``=`` means no value wherever it does in execnet.
    if spec.via not in (None, ""):
        _check_text(spec, "via", spec.via, "the id of a gateway of the group, as in via=gw0")
    if spec.chdir not in (None, ""):
        _check_text(spec, "chdir", spec.chdir, "a directory, as in chdir=/tmp")
    parse_nice(spec)
    if spec.execmodel is not None:
        check_execmodel(spec.execmodel, f"in the gateway specification {str(spec)!r}")
    if spec.keepalive is not None:
        parse_keepalive(spec)
    if spec.limits is not None:
        parse_limits(spec)
    if spec.dont_write_bytecode not in (None, "", *_SWITCH_ON):
        raise _mistake(
            spec, "dont_write_bytecode", spec.dont_write_bytecode, "no value: the key alone switches it on"
        )
    if spec.stdout is not None:
        _check_stdout(spec)
    if spec.stderr not in (None, *STDERR_POLICIES):
        raise _mistake(spec, "stderr", spec.stderr, " or ".join(STDERR_POLICIES))
    for name, value in spec.env.items():
        _check_environment(spec, name, value)


def check_execmodel(name: object, where: str) -> None:
    """Check the name of an execution model.

    Args:
        name: What was given.
        where: End of the sentence in the error, for example ``"in set_execmodel()"``.

    Raises:
        ValueError: The execution model is unknown (our caller's fault).
    """
    if name not in EXECMODELS:
        raise ValueError(f"unknown execmodel {name!r} {where}: expected {' or '.join(EXECMODELS)}")


def parse_nice(spec: XSpec) -> int | None:
    """Return the number of ``nice=``, or None when it is not set.

    Programs write 20 or 50 for "as nice as can be", as execnet's documentation does: a sum outside
    of the range becomes its nearest end.

    Raises:
        ValueError: It is not a whole number (our caller's fault).
    """
    expected = "a whole number, added to the niceness, which goes from -20 to 19"
    value = spec.nice
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise _mistake(spec, "nice", value, expected)
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise _mistake(spec, "nice", value, expected) from None
    return max(-FARTHEST_NICE, min(FARTHEST_NICE, number))


def parse_keepalive(spec: XSpec) -> float | None:
    """Return the seconds of ``keepalive=``, 0.0 for never, or None when it is not set.

    Raises:
        ValueError: It is not a number of seconds, or more than a day (our caller's fault).
    """
    value = spec.keepalive
    if value is None:
        return None
    try:
        seconds = -1.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if seconds != 0 and not SHORTEST_KEEPALIVE_S <= seconds <= LONGEST_KEEPALIVE_S:
        expected = f"seconds from {SHORTEST_KEEPALIVE_S} to {LONGEST_KEEPALIVE_S}, or 0 for never"
        raise _mistake(spec, "keepalive", value, expected)
    return seconds


def parse_limits(spec: XSpec) -> Limits:
    """Return what is to be taken from the worker: what ``limits=`` says, or what an initiator takes.

    Raises:
        ValueError: It is not valid (our caller's fault).
    """
    value = spec.limits
    if value is None:
        return Limits.of_initiator()
    if isinstance(value, Limits):
        return value
    try:
        return Limits.parse(str(value))
    except ValueError as error:
        raise ValueError(f"limits in the gateway specification {str(spec)!r}: {error}") from None


def _check_stdout(spec: XSpec) -> None:
    """Check the policy for the worker's standard output."""
    value = spec.stdout
    expected = f"{', '.join(STDOUT_POLICIES)} or an absolute path"
    if not isinstance(value, str) or not (value in STDOUT_POLICIES or value.startswith("/")) or "\0" in value:
        raise _mistake(spec, "stdout", value, expected)


def _check_environment(spec: XSpec, name: str, value: object) -> None:
    """Check one environment variable, which a kernel stores as NAME=value NUL."""
    if not name or "=" in name or "\0" in name:
        raise _mistake(spec, f"env:{name}", value, "the name of a variable, as in env:NAME=value")
    if not isinstance(value, str) or "\0" in value:
        raise _mistake(spec, f"env:{name}", value, f"a value without NUL characters, as in env:{name}=value")


def _check_text(spec: XSpec, key: str, value: object, expected: str) -> None:
    """Check that a key has a text that is not empty and can be given to the operating system."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise _mistake(spec, key, value, expected)


def _mistake(spec: XSpec, key: str, value: object, expected: str) -> ValueError:
    """Make the error for one key, in the words the specification was written with."""
    given = f"{key} without a value" if value is True else f"{key}={value}"
    return ValueError(f"{given} in the gateway specification {str(spec)!r}: expected {expected}")
