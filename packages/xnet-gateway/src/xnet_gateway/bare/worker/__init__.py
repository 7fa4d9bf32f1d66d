"""The bare worker: the worker side of the xnet protocol, for Python 2.7, 3.6 and newer, and PyPy."""
