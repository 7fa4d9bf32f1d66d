"""Every case, in the order of the table, with the aims of the project."""

from __future__ import annotations

from typing import Final

from bench.measures import Aim, Case, Measure


def _at_most(execnet: float, multiprocessing: float | None = None) -> dict[str, Aim]:
    aims = {"execnet": Aim("<=", execnet)}
    return aims if multiprocessing is None else {**aims, "multiprocessing": Aim("<=", multiprocessing)}


def _at_least(execnet: float, multiprocessing: float) -> dict[str, Aim]:
    return {"execnet": Aim(">=", execnet), "multiprocessing": Aim(">=", multiprocessing)}


CASES: Final = (
    Case(
        "round_trip",
        (
            Measure("round_trip_pinned", "round trip of a small int, one core", "us", _at_most(0.4, 1.0)),
            Measure("round_trip", "round trip of a small int, unpinned", "us", _at_most(0.4, 1.0)),
        ),
    ),
    Case(
        "one_way",
        (
            Measure(
                "dicts_to_initiator", "small dicts from the worker, one send each", "/s", _at_least(2, 1)
            ),
            Measure("dicts_to_worker", "small dicts to the worker, one send each", "/s", _at_least(2, 1)),
            Measure(
                "dicts_to_initiator_many",
                "small dicts from the worker, send_many",
                "/s",
                _at_least(5, 2),
                compared_with="dicts_to_initiator",
            ),
            Measure(
                "dicts_to_worker_many",
                "small dicts to the worker, send_many",
                "/s",
                _at_least(5, 2),
                compared_with="dicts_to_worker",
            ),
        ),
    ),
    Case(
        "echo",
        (
            Measure("echo_1mb", "echo of 1 MB of bytes", "MB/s", _at_least(2.5, 1.2)),
            Measure("echo_64mb", "echo of 64 MB of bytes", "MB/s", _at_least(2.5, 1.2)),
        ),
    ),
    Case(
        "first_result",
        (
            Measure("first_result", "first result from a fresh worker", "ms", _at_most(0.8, 0.6)),
            Measure("next_result", "the same, next worker of the process", "ms"),
            Measure("first_result_from_import", "first result, import included", "ms"),
        ),
    ),
    Case(
        "start_stop",
        (
            Measure("start_stop_20", "start 20, ask each once, terminate 20", "ms", _at_most(0.35, 0.4)),
            Measure("start_20", "of it: start 20 and ask each once", "ms"),
            Measure("stop_20", "of it: terminate 20", "ms"),
        ),
    ),
    Case(
        "memory",
        (
            Measure("rss", "RSS of an idle worker", "MB", _at_most(1.0, 1.05)),
            Measure("private_memory", "of it: private memory", "MB"),
        ),
    ),
    Case(
        "import_time",
        (
            Measure("import", "import", "ms", _at_most(1.0)),
            Measure("import_names", "import of the names most programs use", "ms"),
        ),
    ),
    Case(
        "bare_worker",
        (
            Measure("bare_start", "popen//python=, same version: first result", "ms", _at_most(0.9)),
            Measure("bare_start_other", "popen//python=, another version: first result", "ms", _at_most(0.9)),
            Measure("bare_round_trip_pinned", "popen//python=: round trip, one core", "us", _at_most(0.6)),
            Measure("bare_round_trip", "popen//python=: round trip, unpinned", "us", _at_most(0.6)),
            Measure(
                "bare_dicts_to_initiator",
                "popen//python=: small dicts from the worker",
                "/s",
                {"execnet": Aim(">=", 1.5)},
            ),
            Measure(
                "bare_dicts_to_worker",
                "popen//python=: small dicts to the worker",
                "/s",
                {"execnet": Aim(">=", 1.5)},
            ),
        ),
        # multiprocessing starts no other interpreters.
        implementations=("xnet", "execnet"),
    ),
    Case(
        "bare_codec",
        (
            Measure("bare_encode", "its codec in pure Python: encode", "us", _at_most(1.0)),
            Measure("bare_decode", "its codec in pure Python: decode", "us", _at_most(1.0)),
        ),
        implementations=("xnet", "execnet"),
    ),
    Case(
        "many_gateways",
        (
            Measure("threads_200", "threads of a process with 200 workers", "", absolute_aim=Aim("<=", 3)),
            Measure("initiator_rss_200", "RSS of that process", "MB"),
        ),
        # What multiprocessing would add is known: it has no thread of its own, and nothing is multiplexed.
        implementations=("xnet", "execnet"),
        most_rounds=1,
        timeout_s=300.0,
    ),
)
