"""A comparison as text: both columns, then every difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from peers.comparison import Attempt, Comparison, Difference
from peers.outcomes import BAD, Outcome, count
from peers.suites import Suite


def format_report(
    suite: Suite, comparison: Comparison, seconds: Mapping[str, Sequence[float]], versions: Mapping[str, str]
) -> str:
    """Return the whole report.

    Args:
        suite: what was run.
        comparison: its outcome.
        seconds: column -> how long each of its runs took.
        versions: what it was run with, name -> version.
    """
    execnet, xnet = count(comparison.execnet.values()), count(comparison.xnet.values())
    environment = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [f"{suite.name} {suite.version}, its own tests ({environment})", ""]
    lines += [_columns("", "execnet", "xnet")]
    lines += [_columns(name, str(execnet[name]), str(xnet[name])) for name in execnet]
    lines += [_columns("in all", str(len(comparison.execnet)), str(len(comparison.xnet)))]
    lines += [_columns("seconds", *(_seconds(seconds.get(name, ())) for name in ("execnet", "xnet")))]
    lines += _section("pass with execnet, not with xnet", comparison.regressions, comparison.repeated)
    lines += _reasons(comparison)
    title = "differed in the whole run, ended equally when repeated alone, not counted"
    lines += _section(title, comparison.settled, comparison.repeated)
    lines += _section("differ otherwise", comparison.other_differences, comparison.repeated)
    lines += ["", format_verdict(comparison)]
    return "\n".join(lines)


def format_column(suite: Suite, name: str, outcomes: Mapping[str, Outcome], seconds: Iterable[float]) -> str:
    """Return one column alone, and every test in it that did not do well."""
    lines = [f"{suite.name} {suite.version}, its own tests on {name} only; nothing is compared", ""]
    lines += [_columns(outcome, str(number)) for outcome, number in count(outcomes.values()).items()]
    lines += [_columns("in all", str(len(outcomes))), _columns("seconds", _seconds(seconds)), ""]
    lines += [f"  {test}: {outcome}" for test, outcome in sorted(outcomes.items()) if outcome in BAD]
    return "\n".join(lines).rstrip()


def format_verdict(comparison: Comparison) -> str:
    """Return the result in a sentence."""
    number = len(comparison.regressions)
    if number:
        tests = "1 test that passes" if number == 1 else f"{number} tests that pass"
        return f"{tests} with execnet, not with xnet"
    rest = "every other test" if comparison.reasons else "every test"
    lost_once = [found for found in comparison.settled if found.execnet == "passed"]
    return f"{rest} that passes with execnet passes with xnet" + (
        f", but for {len(lost_once)} that ended equally when repeated alone" if lost_once else ""
    )


def _reasons(comparison: Comparison) -> list[str]:
    if not comparison.reasons:
        return []
    explained = comparison.explained
    number = sum(map(len, explained.values()))
    lines = ["", f"{number} pass with execnet and cannot with xnet, because the test"]
    for reason, differences in explained.items():
        lines.append(f"  {reason} ({len(differences)}):")
        names: dict[str, int] = {}
        for found in differences:
            name = found.test.partition("[")[0]
            names[name] = names.get(name, 0) + 1
        lines += [f"    {name}" + (f", {times} times" if times > 1 else "") for name, times in names.items()]
    return lines


def _columns(title: str, *cells: str) -> str:
    return f"{title:32}" + "".join(f"{cell:>16}" for cell in cells)


def _seconds(seconds: Iterable[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in seconds) or "-"


def _section(
    title: str,
    differences: Sequence[Difference],
    repeated: Mapping[str, Sequence[Attempt]] = MappingProxyType({}),
) -> list[str]:
    if not differences:
        return []
    lines = ["", f"{title}:"]
    for found in differences:
        lines.append(f"  {found.test}: {_both(found)}")
        lines += [f"    alone: {_both(attempt)}" for attempt in repeated.get(found.test, ())]
    return lines


def _both(found: Difference | Attempt) -> str:
    return f"{found.execnet or 'not run'} with execnet, {found.xnet or 'not run'} with xnet"
