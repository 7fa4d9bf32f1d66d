"""`python -m covered`."""

from __future__ import annotations

from covered.main import main

if __name__ == "__main__":
    main(prog_name="tools/dev.py coverage")
