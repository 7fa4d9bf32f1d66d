#!/usr/bin/env python3
"""The one command of this repository: `python3 tools/dev.py --help`.

Any Python can read this file, Python 2 included, so that a wrong interpreter is answered with a sentence
and not with a SyntaxError. Everything else is in tools/devtool/.
"""

import sys

OLDEST = (3, 10)

if sys.version_info < OLDEST:
    sys.stderr.write(
        "dev.py: xnet needs Python {}.{} or newer, and {} is Python {}.{}.\n"
        "Start it with another interpreter, for example: python3.12 tools/dev.py {}\n".format(
            OLDEST[0],
            OLDEST[1],
            sys.executable,
            sys.version_info[0],
            sys.version_info[1],
            " ".join(sys.argv[1:]),
        )
    )
    sys.exit(2)

from devtool.main import main  # noqa: E402 - the version has to be judged before newer syntax is read

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
