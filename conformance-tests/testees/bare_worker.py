"""A bare worker on standard input and output, in whatever interpreter runs this: ``python bare_worker.py``.

It is what xnet sends to an interpreter that has nothing of it, without the sending.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "packages", "xnet-gateway", "src", "xnet_gateway", "bare")
sys.dont_write_bytecode = True


def load():
    """Import the file as the module that it is at the other end."""
    name = "xnet_bare_worker"
    if sys.version_info[0] == 2:
        import imp

        return imp.load_source(name, os.path.join(FOLDER, "bare_worker.py"))
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, os.path.join(FOLDER, "bare_worker.py"))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


