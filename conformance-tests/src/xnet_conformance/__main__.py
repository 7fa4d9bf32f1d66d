"""``python -m xnet_conformance``."""

from xnet_conformance.cli import main

main()
