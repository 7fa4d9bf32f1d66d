"""Test suites that others wrote, run on execnet and on xnet: `python tools/peers --help`.

The suites come from source distributions, fetched when needed into `.cache/` and never committed.
"""
