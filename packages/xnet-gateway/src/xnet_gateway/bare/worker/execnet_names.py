"""What code that imports execnet finds, if the initiator wants that (config ``alias``): pytest-xdist's workers do."""

from . import channel, channel_files, dumps, errors, execmodel, protocol
from .interpreter import sys


class Names(type(sys)):
    """A module under execnet's name. What is not here is looked for in execnet itself, if that is installed."""

    kept = []  # execnet's modules: Python 2 empties those that nobody holds

    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)
        ours = dict((key, sys.modules.pop(key)) for key in list(sys.modules) if key.split(".")[0] == "execnet")
        try:
            value = getattr(__import__(self.__name__, None, None, ["x"]), name)
        except ImportError:
            text = "%s.%s is not here: this worker was sent to an interpreter that has neither xnet nor execnet installed"
            raise AttributeError(text % (self.__name__, name))
        finally:
            for key in list(sys.modules):
                if key.split(".")[0] == "execnet":
                    self.kept.append(sys.modules.pop(key))
            sys.modules.update(ours)
        setattr(self, name, value)
        return value


def stand_in_for_execnet(worker_class):
    """Make xnet importable as execnet, or else what is here."""
    if sys.version_info >= (3, 10):
        try:
            # Not when it is first used: pytest-xdist may give this worker its own sys.path, for another version.
            __import__("xnet_wire.values")
            __import__("xnet.alias", None, None, ["install"]).install(in_worker=True)
            return
        except Exception:
            pass  # it is not installed here
    modules = {}
    # ``pytest -p xnet.xdist``: workers are told the same. With this text pytest leaves them as they are.
    for name, kind in (
        ("execnet", Names), ("execnet.gateway_base", Names), ("xnet", type(sys)), ("xnet.xdist", type(sys)),
    ):  # fmt: skip
        modules[name] = kind(name, "PYTEST_DONT_REWRITE")
        modules[name].__path__ = []
    execnet, base = modules["execnet"], modules["execnet.gateway_base"]
    for home, names in (
        (channel, "Channel"), (channel_files, "ChannelFile ChannelFileRead ChannelFileWrite"),
        (errors, "DataFormatError DumpError RemoteError TimeoutError"), (execmodel, "ExecModel"),
        (dumps, "LoadError dump dumps load loads"), (protocol, "INTERRUPT_TEXT"),
    ):  # fmt: skip
        for name in names.split():
            setattr(execnet, name, getattr(home, name))
            setattr(base, name, getattr(home, name))
    base.get_execmodel = execmodel.ExecModel
    base.WorkerGateway = worker_class
    execnet.gateway_base = base
    execnet.__version__ = "2.1.2"  # of which this is a part
    modules["xnet"].xdist = modules["xnet.xdist"]
    sys.modules.update(modules)
