"""What every worker does, tried with every way to reach one, interpreter and execution model.

The tests in `tests/` are part of every run, with the cells that differ from the usual one in one respect.
`python tools/dev.py matrix` runs them with every combination and writes the result into the README.
"""
