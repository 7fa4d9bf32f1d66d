"""The command line of the measurements of syncs."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import asdict, frozen

from bench import machine
from bench_rsync.programs import IMPLEMENTATIONS, Figures, Targets
from bench_rsync.sshd import start_sshd
from bench_rsync.table import format_table
from bench_rsync.trees import Tree, choose


@frozen
class Sample:
    """One measured sync.

    Attributes:
        tree, step: What was synced, and what had happened to it before.
        targets: How many.
        ssh: Whether over ssh.
        implementation: By what.
        figures: How it went.
    """

    tree: str
    step: str
    targets: int
    ssh: bool
    implementation: str
    figures: Figures


def main(argv: Sequence[str]) -> int:
    """Measure, print the table, and return 0."""
    options = _parser().parse_args(argv)
    trees = choose(options.scale)
    samples: list[Sample] = []
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-rsync-", dir=options.folder))
        )
        config = stack.enter_context(start_sshd(folder)) if options.ssh else None
        for tree in [trees[name] for name in options.tree or trees]:
            for count in options.targets or [1, 4, 8]:
                for implementation in options.implementation or IMPLEMENTATIONS:
                    if implementation == "rsync delta" and count > 1:
                        continue
                    for sample in measure(tree, count, implementation, config, folder, options.rounds):
                        samples.append(sample)
                        _say(sample)
    print()
    print(format_table([asdict(sample) for sample in samples]))
    print(f"\nMeasured: {machine.format_description(machine.describe())}; scale {options.scale:g}")
    if options.json:
        Path(options.json).write_text(
            json.dumps([asdict(one) for one in samples], indent=1), encoding="utf-8"
        )
    return 0


def measure(
    tree: Tree, count: int, implementation: str, config: Path | None, folder: Path, rounds: int
) -> Iterator[Sample]:
    """Make a tree, and yield the figures of each of its steps.

    Args:
        tree: What to sync.
        count: To how many targets.
        implementation: By what.
        config: For ssh; None: local targets.
        folder: Where there is room.
        rounds: How often a step is measured that changes nothing; the median counts.
    """
    run = IMPLEMENTATIONS[implementation]
    with _empty(folder / "work") as work:
        source = work / "source"
        tree.make(source)
        targets = Targets([work / f"target{number}" for number in range(count)], config)
        for step, prepare in tree.steps():
            if prepare is not None:
                prepare(source)
            figures = [run(source, targets) for _ in range(rounds if step == "unchanged" else 1)]
            middle = sorted(figures, key=lambda one: one.seconds)[len(figures) // 2]
            assert statistics.median_high([one.seconds for one in figures]) == middle.seconds
            yield Sample(tree.name, step, count, config is not None, implementation, middle)


@contextmanager
def _empty(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_rsync",
        description="Measures syncs of trees: xnet, the installed execnet, the program rsync.",
        epilog="`rsync delta` runs rsync as over a network, to one target: for the bytes it sends.",
    )
    parser.add_argument("--tree", action="append", choices=list(choose(1)), help="default: all")
    parser.add_argument("--targets", action="append", type=int, help="how many; default: 1, 4 and 8")
    parser.add_argument(
        "--implementation", action="append", choices=list(IMPLEMENTATIONS), help="default: all"
    )
    parser.add_argument("--ssh", action="store_true", help="targets over an sshd on this machine")
    parser.add_argument("--scale", type=float, default=1.0, help="smaller trees: 0.01 for a trial")
    parser.add_argument("--rounds", type=int, default=3, help="of steps in which nothing changed")
    parser.add_argument("--folder", help="where there is room for all trees; default: the temporary one")
    parser.add_argument("--json", metavar="FILE", help="write every sample")
    return parser


def _say(sample: Sample) -> None:
    where = f"{sample.targets} over ssh" if sample.ssh else f"{sample.targets}"
    sent = "" if sample.figures.sent is None else f", {sample.figures.sent:,} bytes"
    print(
        f"{sample.tree}, {sample.step}, {where}, {sample.implementation}: {sample.figures.seconds:.3f} s,"
        f" processors {sample.figures.cpu_s:.3f} s{sent}",
        file=sys.stderr,
        flush=True,
    )
