"""What can go wrong, and whose fault it is.

* ``UsageError``: the person at the command line.
* ``CaseError``: the author of a case, a fixture or a mutant; the result is then ``harness-error``.
* ``CheckFailed``: the testee broke a rule.
* ``TesteeGone``: the testee ended when it should not have.
* ``NoAnswer``: the testee said nothing in time.
* ``CannotStart``: the testee never started.
"""

from __future__ import annotations


class UsageError(Exception):
    """What was asked for cannot be done; the text says what to change."""


class CaseError(Exception):
    """A case, fixture or mutant is itself wrong."""


class MissingFixture(Exception):
    """The suite has no fixture for the language that the testee executes."""


class CannotStart(Exception):
    """The testee could not be started, or did not get as far as its HELLO."""


class TesteeGone(Exception):
    """The testee ended, or closed the connection, while something else was expected."""


class NoAnswer(Exception):
    """What was expected did not come in time."""


class CheckFailed(Exception):
    """The testee did something other than the specification says.

    Attributes:
        check: Name of the check within its case.
        expected: What should have been, as text.
        actual: What was.
        req: The requirement that was broken, if the check knows better than its case.
    """

    def __init__(
        self, message: str, *, check: str = "", expected: str = "", actual: str = "", req: str = ""
    ) -> None:
        super().__init__(message)
        self.check = check
        self.expected = expected
        self.actual = actual
        self.req = req
