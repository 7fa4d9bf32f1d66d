"""The checks of this repository: `python3 tools/dev.py check`.

One module is one check. Each has a function from a root folder to a list of problems, sentences that name the
place, so that the tests can run it on a tree with a deliberate violation. `registry.py` lists them in order.
"""
