"""In which order the modules of the bare worker are the fewest bytes.

    python3 tools/dev.py python tools/bare_order.py [SECONDS]

What is alike compresses well where it is near. One module after the other is moved to another place, at
random, and stays there if that is better. Prints the order that is to be in `xnet_gateway/bare/bootstrap.py`,
where any order works.
"""

from __future__ import annotations

import random
import sys
from time import monotonic

from xnet_gateway.bare import bootstrap


def size(order: list[str], texts: dict[str, str]) -> int:
    """Return how many bytes are sent if the modules are in this order."""
    bootstrap.WORKER.modules = tuple(order)
    return len(bootstrap.compressed({name: texts[name] for name in order}))


def main(seconds: float) -> None:
    """Try for so long; say what it is now and then."""
    texts = bootstrap.WORKER.texts()
    best = list(texts)
    least = size(best, texts)
    print(f"{least} bytes now")
    end = monotonic() + seconds
    while monotonic() < end:
        order = best.copy()
        order.insert(random.randrange(len(order)), order.pop(random.randrange(len(order))))
        if (found := size(order, texts)) <= least:
            best, least = order, found
    print(f"{least} bytes with")
    print("".join(f'        "{name}",\n' for name in best), end="")


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 60.0)
