"""Judging an adapter: a program that applies a codec to what it is given, without any connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.cbor_reading import NotAValue, read_value
from xnet_conformance.conversation import Conversation
from xnet_conformance.errors import CannotStart, CaseError, CheckFailed, NoAnswer, TesteeGone
from xnet_conformance.matching import mismatch
from xnet_conformance.results import DID_NOT_START, Result
from xnet_conformance.value_equality import same, same_order
from xnet_conformance.values import describe, format_value, parse_answer, parse_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xnet_conformance.case import Case
    from xnet_conformance.testee import Testee

#: Operations, and the feature that a case needs for each.
OPERATIONS: Final = ("decode", "encode", "frames")


class AdapterRunner:
    """Runs the ``codec`` steps of cases against an adapter; the steps before them are for connections.

    Args:
        testee: The program to test.
        scale: Stretches time limits.
    """

    def __init__(self, testee: Testee, scale: float) -> None:
        self._testee = testee
        self._scale = scale
        self._program: Conversation | None = None

    def run(self, case: Case, next_case: Case | None = None) -> Result:
        """Run one case."""
        started = time.monotonic()
        result = Result(case, "pass")
        try:
            steps = [step["codec"] for step in case.steps if "codec" in step]
            if not steps:
                raise CaseError("a case for adapters needs a step codec")
            if self._program is None:
                self._program = Conversation(self._testee, self._scale)
            for step in steps:
                self._step(step, result, time.monotonic() + case.limit_s * self._scale)
        except CannotStart as error:
            result.outcome, result.message = "crash", f"{DID_NOT_START}: {error}"
        except CheckFailed as error:
            result.outcome, result.message, result.check = "fail", str(error), error.check
            result.expected, result.actual, result.req = error.expected, error.actual, error.req
        except (NoAnswer, TesteeGone) as error:
            result.outcome = "timeout" if isinstance(error, NoAnswer) else "crash"
            result.message = str(error)
            self._drop(result)
        except CaseError as error:
            result.outcome, result.message = "harness-error", str(error)
        if result.outcome == "pass" and result.remarks:
            result.outcome = "nonstrict"
        result.seconds = time.monotonic() - started
        return result

    def close(self) -> None:
        """End the program."""
        self._drop(None)

    def features(self) -> frozenset[str]:
        """Start the program and return what it says it can do.

        Raises:
            CannotStart: It does not answer as it should.
        """
        self._program = Conversation(self._testee, self._scale)
        named = self._program.hello.get("operations", [])
        known = [name for name in OPERATIONS if isinstance(named, list) and name in named]
        if not known:
            raise CannotStart(f"it has none of the operations {', '.join(OPERATIONS)}: {named!r:.200}")
        # An unknown operation: a testee that answers it with a value answers everything with one.
        answer = self._program.ask("run", {"op": "no-such-operation"}, time.monotonic() + 5 * self._scale)
        if "unsupported" not in answer:
            raise CannotStart(f"it answered an operation that does not exist with {answer!r:.200}")
        return frozenset(f"codec.{name}" for name in known)

    def _drop(self, result: Result | None) -> None:
        if self._program is not None:
            if result is not None:
                result.stderr = self._program.link.drain_stderr(time.monotonic() + 0.2)[-4000:]
            self._program.close()
            self._program = None

    def _ask(self, operation: str, arguments: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        assert self._program is not None
        answer = self._program.ask("run", {"op": operation, **arguments}, deadline)
        if "unsupported" in answer:
            raise CheckFailed(f"the adapter does not support the operation {operation}")
        if "problem" in answer:
            raise CheckFailed("the adapter reports an internal problem", actual=str(answer["problem"])[:2000])
        return answer

    def _step(self, step: Mapping[str, Any], result: Result, deadline: float) -> None:
        if "frames" in step:
            self._frames(step, deadline)
        elif "encode" in step:
            self._encode(step, result, deadline)
        else:
            self._decode(step, result, deadline)

    def _decode(self, step: Mapping[str, Any], result: Result, deadline: float) -> None:
        answer = self._ask("decode", {"hex": step["hex"]}, deadline)
        if step.get("refused"):
            if answer.get("error") != "VALUE_MALFORMED":
                raise CheckFailed(
                    "malformed bytes were not refused",
                    expected="error VALUE_MALFORMED",
                    actual=_shown(answer),
                )
            return
        if "value" not in answer:
            raise CheckFailed("a value was refused", expected=str(step["is"])[:500], actual=_shown(answer))
        try:
            value = parse_answer(answer["value"])
        except CaseError as error:
            raise CheckFailed(
                "the answer is not a tagged value", actual=f"{_shown(answer)}: {error}"
            ) from None
        problem = mismatch(step["is"], value, {})
        if problem is not None:
            raise CheckFailed(problem, actual=describe(value, 1000))
        # And back: any encoding of the same value will do.
        wanted = read_value(bytes.fromhex(step["hex"]))
        back = self._encoded(format_value(value), deadline)
        if not same(value, back):
            raise CheckFailed(
                "the decoded value is encoded as another value",
                expected=describe(value),
                actual=describe(back),
            )
        if same(wanted, value) and not same_order(wanted, value):
            result.remarks.append("the entries of a dict were decoded in a different order (VA-009)")

    def _encode(self, step: Mapping[str, Any], result: Result, deadline: float) -> None:
        answer = self._ask("encode", {"value": step["encode"]}, deadline)
        wanted = parse_value(step["encode"])
        back = _read(answer)
        if not same(wanted, back):
            raise CheckFailed(
                "a different value was encoded", expected=describe(wanted), actual=describe(back)
            )
        if answer["hex"].lower() not in step["or"]:
            accepted = " or ".join(step["or"])
            result.remarks.append(f"encoded as {answer['hex']}, {accepted} would be shorter (VA-005)")

    def _encoded(self, tagged: object, deadline: float) -> Any:
        return _read(self._ask("encode", {"value": tagged}, deadline))

    def _frames(self, step: Mapping[str, Any], deadline: float) -> None:
        """Feed chunks of a stream; what comes out of it has to be these frames, and this error or none."""
        answer = self._ask("frames", {"chunks": step["frames"]}, deadline)
        wanted = {"frames": step["are"], "error": step.get("error")}
        found = {"frames": answer.get("frames"), "error": answer.get("error")}
        if found != wanted:
            raise CheckFailed(
                "the stream was split into other frames", expected=str(wanted), actual=_shown(found)
            )


def _read(answer: Mapping[str, Any]) -> Any:
    try:
        return read_value(bytes.fromhex(answer["hex"]), as_encoded=True)
    except (KeyError, TypeError, ValueError, NotAValue) as error:
        raise CheckFailed("a value was not encoded", actual=f"{_shown(answer)}: {error}") from None


def _shown(answer: Mapping[str, Any]) -> str:
    return str({key: item for key, item in answer.items() if key != "id"})[:1000]
