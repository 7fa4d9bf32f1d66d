# ruff: noqa: B905, D103, E501, RUF005, UP010, UP025, UP031
# mypy: ignore-errors
# fmt: off
# Python 2.7 has to read this.
"""The bare worker's codec against execnet's serializer, on one interpreter and the same data.

    python tools/bare_codec_bench.py [EXECNET_DIRECTORY]

Runs on every interpreter that the bare worker runs on, so it is written for Python 2.7, too. The directory is the
one that holds execnet's package, if it is not installed for that interpreter: it is pure Python.

Prints microseconds for encoding and decoding, alternating, the best of some rounds.
"""

from __future__ import print_function

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BARE = os.path.join(HERE, "..", "packages", "xnet-gateway", "src", "xnet_gateway", "bare")
ROUNDS = 7
SECONDS = 0.02

DATA = [
    ("small int", 7),
    ("text of 10", u"abcdefghij"),
    ("small dict", {u"id": 12345, u"name": u"test_something", u"ok": True, u"t": 1.25}),
    ("list of 1000 ints", list(range(1000))),
    ("list of 1000 texts", [u"text %d" % n for n in range(1000)]),
    ("1000 small dicts", [{u"n": n, u"name": u"x", u"v": n / 2.0} for n in range(1000)]),
    ("nested tuples", [((n, (n, None)), (u"a", b"b")) for n in range(200)]),
    ("1 MB of bytes", b"x" * 1000000),
    ("1 MB of text", u"x" * 1000000),
]


def load_worker():
    """Return the two modules; the packages around them are not for all interpreters."""
    sys.path.insert(0, BARE)
    from worker import decoding, encoding

    return encoding, decoding


def once(function, argument):
    """Return microseconds for a call."""
    count = 1
    while True:
        begin = time.time()
        for _ in range(count):
            function(argument)
        took = time.time() - begin
        if took > SECONDS:
            return took / count * 1e6
        count *= 2


def main():
    if len(sys.argv) > 1:
        sys.path.append(sys.argv[1])
    # The module alone: the package imports more than old interpreters have.
    import importlib

    base = importlib.import_module("execnet.gateway_base")
    encoding, decoding = load_worker()
    table = decoding.make_table(True, False, None)
    print("%s, execnet %s" % (sys.version.split()[0], getattr(sys.modules["execnet"], "__version__", "?")))
    print("%-20s %10s %10s %6s %10s %10s %6s" % ("us", "dumps", "encode", "ratio", "loads", "decode", "ratio"))
    worst = 0.0
    for name, item in DATA:
        theirs = base.dumps(item)
        ours = encoding.encode(item)
        calls = [(base.dumps, item), (encoding.encode, item), (base.loads, theirs)]
        calls.append((lambda data: decoding.decode(table, data), ours))
        best = [min(times) for times in zip(*[[once(*call) for call in calls] for _ in range(ROUNDS)])]
        ratios = best[1] / best[0], best[3] / best[2]
        worst = max(worst, *ratios)
        print("%-20s %10.2f %10.2f %6.2f %10.2f %10.2f %6.2f" % ((name,) + tuple(best[:2]) + ratios[:1] + tuple(best[2:]) + ratios[1:]))
    print("largest ratio: %.2f" % worst)


main()
