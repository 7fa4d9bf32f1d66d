"""``python -m xnet_conformance``, and what the command ``xnet-conformance`` calls."""

import sys


def run() -> None:
    """Run the command line; an interrupt while it is being loaded ends it without a traceback, too."""
    try:
        from xnet_conformance.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
