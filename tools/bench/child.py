"""The measured process: one case, one implementation, one round, then it ends.

It is started with `python -c`, not as a module: multiprocessing's spawned children import the main module
again, and that must not be charged to it.
"""

from __future__ import annotations

import sys
from importlib import import_module

# What the parent looks for: workers may write to the same standard output.
MARK = "bench-result "


def measure(case: str, implementation: str, quick: bool) -> None:
    """Run a case and print its figures, by the names of its measures, as one marked line of JSON."""
    module = import_module(f"bench.cases.{case}")
    figures = module.run(implementation, quick)
    import json

    sys.stdout.write(f"\n{MARK}{json.dumps(figures)}\n")
    sys.stdout.flush()
