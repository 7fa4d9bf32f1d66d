"""Steps that ask something of whatever uses the testee: executed code, an application, an adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.scenario import step
from xnet_conformance.steps_frames import execute, expect

if TYPE_CHECKING:
    from xnet_conformance.scenario import Scenario


@step("echo_channel")
def echo_channel(scenario: Scenario, raw: Any) -> None:
    """Make a channel on which every item comes back, by executed code or the initiator's application."""
    if scenario.driver is None:
        execute(scenario, {"ch": raw, "fixture": "echo"})
    else:
        scenario.driver.echo_channel(scenario, raw)


@step("kept_channel")
def kept_channel(scenario: Scenario, raw: Any) -> None:
    """Have the testee make a channel ``ch`` that nothing receives from and hold it while ``by`` is open."""
    if scenario.driver is not None:
        scenario.driver.kept_channel(scenario, raw)
        return
    execute(scenario, {"ch": raw["by"], "fixture": "keep"})
    expect(scenario, {"ITEM": {"ch": raw["by"], "is": {"bind": raw["ch"], "any": "channel"}}})


@step("codec")
def codec(_scenario: Scenario, _raw: Any) -> None:
    """What an adapter is asked (see ``adapting``); on a connection the steps before have shown it already."""


@step("expect_reconfigure")
def expect_reconfigure(scenario: Scenario, raw: Any) -> None:
    """Wait for RECONFIGURE on channel 0 with these flags: ``[false, true]``."""
    session = scenario.session
    if not session.wait(lambda: session.conduct.flags is not None, scenario.deadline):
        raise NoAnswer("RECONFIGURE did not come")
    if session.conduct.flags != raw:
        raise CheckFailed("different flags came", expected=str(raw), actual=str(session.conduct.flags))


@step("application")
def application(scenario: Scenario, raw: Any) -> None:
    """Have an initiator's application do something: ``{do: status, as: name}``."""
    _application(scenario).application(scenario, raw)


@step("answer")
def answer(scenario: Scenario, raw: Any) -> None:
    """Wait for what came of something the application was asked to do: ``{as: name, value: pattern}``."""
    _application(scenario).answer(scenario, raw)


def _application(scenario: Scenario) -> Any:
    if scenario.driver is None:
        raise CaseError("only an initiator has an application that can be asked to do something")
    return scenario.driver
