"""xnet measured against the installed execnet and multiprocessing.Pipe: `python tools/bench --help`.

What is measured runs in `cases/`, one module per case, in a fresh process per round and implementation, which
imports as little as possible besides what it measures (`child.py`). Everything else, from the aims
(`catalogue.py`) to the table (`table.py`), runs in the process that was started by hand.
"""
