"""pytest over everything: packages, specification, tools. `python3 tools/dev.py test` runs this module."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from check.load import busy_processes, ignored_signals
from check.tree import ROOT

#: Everything at once is run by several processes, file by file; most tests wait for other processes.
MOST_PROCESSES = 4
#: So many failures of a whole run are looked at again, without other tests beside them (ADR 0020).
MOST_REPEATED = 3
#: What depends on the Python that runs it, or may: a build runs these with the oldest and the newest, too.
DEPENDS_ON_PYTHON = (
    "packages/xnet-wire/tests/test_engine.py",
    "packages/xnet-channel/tests/core/test_account.py",
    "packages/xnet-channel/tests/platform/test_flag.py",
    "packages/xnet-channel/tests/threads/test_any_bytecode.py",
    "packages/xnet-channel/tests/threads/test_forking.py",
    "packages/xnet-channel/tests/platform/test_interrupts.py",
    "packages/xnet-gateway/tests/sockets/test_tls_descriptor.py",
    "packages/xnet-gateway/tests/test_interrupt.py",
    "packages/xnet-gateway/tests/test_native_popen.py",
    "packages/xnet-gateway/tests/test_odd_sources.py",
    "packages/xnet-gateway/tests/test_remote_source.py",
    "packages/xnet-gateway/tests/test_this_python.py",
    "packages/xnet-group/tests/test_other_libraries.py",
    "packages/xnet/tests/command_line/test_document.py",
    "packages/xnet/tests/command_line/test_executing.py",
    "packages/xnet/tests/command_line/test_probing.py",
    "packages/xnet/tests/command_line/test_tracing.py",
    "packages/xnet/tests/test_alias.py",
    "packages/xnet/tests/test_xdist.py",
    "packages/xnet/tests/test_zipapp.py",
    "tools/tests/test_pythons.py",
)


def run_tests(root: Path, arguments: list[str]) -> int:
    """Run pytest with `arguments`, its output going where ours goes; return its exit status.

    Without arguments everything is run, or all that depends on the Python. If few tests fail then, they are
    run again alone, and named: one that passes alone depends on load; it needs mending, but is not a sign
    of a broken build.
    With load or ignored signals nothing is run again: their effect is what was asked for.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--under-load", type=int, default=0)
    parser.add_argument("--ignore-sigint", action="store_true")
    parser.add_argument("--depends-on-python", action="store_true")
    options, arguments = parser.parse_known_args(arguments)
    as_they_are = not (arguments or options.under_load or options.ignore_sigint)
    if options.depends_on_python:
        arguments = [*everywhere(), "-q", "-m", "not slow", *DEPENDS_ON_PYTHON, *arguments]
    with contextlib.ExitStack() as stack:
        if options.ignore_sigint:
            stack.enter_context(ignored_signals())
        if options.under_load:
            stack.enter_context(busy_processes(options.under_load))
        status = _pytest(root, *(arguments or everywhere()))
    if not as_they_are:
        return status
    failed = to_repeat(root / ".pytest_cache") if status == 1 else []
    if not failed:
        return status
    print("\nFAILED BESIDE OTHER TESTS, now run again alone:", *failed, sep="\n  ", flush=True)
    status = _pytest(root, *failed)
    if status == 0:
        print("DEPENDS ON LOAD (passed alone; to be mended):", *failed, sep="\n  ", flush=True)
    return status


def everywhere() -> list[str]:
    """Return what has pytest use all processors, file by file."""
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    return ["-n", str(processes), "--dist", "loadfile"] if processes > 1 else []


def _pytest(root: Path, *arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=root, check=False).returncode


def to_repeat(cache: Path) -> list[str]:
    """Return what failed in a run, by pytest's cache: nothing if it is much, or a file did not load."""
    try:
        failed = json.loads((cache / "v/cache/lastfailed").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return sorted(failed) if len(failed) <= MOST_REPEATED and all("::" in name for name in failed) else []


def find_problems(root: Path) -> list[str]:
    """Run all tests; what failed has been printed by pytest."""
    status = run_tests(root, [])
    return [f"pytest ended with exit status {status}; its output is above"] if status else []


if __name__ == "__main__":
    sys.exit(run_tests(ROOT, sys.argv[1:]))
