"""Making ``import execnet`` give xnet.

pytest-xdist and others import ``execnet`` by that name, and install the real one as a dependency.
A finder in front of all others answers for ``execnet`` and its submodules with our modules; it
costs nothing until somebody imports one.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

#: Which module of ours stands for which of execnet's.
TARGETS = {
    "execnet": "xnet.compat.execnet",
    "execnet._version": "xnet.compat._version",
    "execnet.gateway": "xnet.compat.gateway",
    "execnet.gateway_base": "xnet.compat.gateway_base",
    "execnet.gateway_bootstrap": "xnet.compat.gateway_bootstrap",
    "execnet.gateway_io": "xnet.compat.gateway_io",
    "execnet.gateway_socket": "xnet.compat.gateway_socket",
    "execnet.multi": "xnet.compat.multi",
    "execnet.rsync": "xnet.compat.rsync",
    "execnet.rsync_remote": "xnet.compat.rsync_remote",
    "execnet.xspec": "xnet.compat.xspec",
    "execnet.script": "xnet.compat.script",
}


class AliasFinder:
    """Finds our modules under execnet's names (a meta path finder and its loader in one)."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for execnet and everything below it.

        Raises:
            ModuleNotFoundError: execnet's module does not exist here; the real one must not
                be taken instead, because half of each would work together badly.
        """
        if fullname != "execnet" and not fullname.startswith("execnet."):
            return None
        if fullname not in TARGETS:
            raise ModuleNotFoundError(
                f"{fullname} is not part of xnet, which stands for execnet in this process", name=fullname
            )
        from importlib.machinery import ModuleSpec

        return ModuleSpec(fullname, self)  # type: ignore[arg-type]  # a loader by its methods

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return our module."""
        module = __import__(TARGETS[spec.name], fromlist=["*"])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Undo what the import system did to our module: it has been executed under its own name."""
        spec = module.__spec__
        if spec is not None and spec.loader_state is not None:
            module.__spec__ = spec.loader_state


def install(in_worker: bool = False) -> None:
    """Install the alias in this process and ask for it in every worker started from here.

    Args:
        in_worker: This process is a worker whose initiator asked for the alias.

    Raises:
        RuntimeError: The real execnet was imported already.
    """
    if any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        return
    loaded = sys.modules.get("execnet")
    if loaded is not None:
        raise RuntimeError(
            f"execnet was already imported, from {getattr(loaded, '__file__', None)!r}, before xnet could "
            "take its name; call xnet.install_as_execnet() before anything imports execnet, or start "
            "with 'pytest -p xnet.xdist' or 'python -m xnet as-execnet'"
        )
    sys.meta_path.insert(0, AliasFinder())
    from xnet_gateway import worker_config

    worker_config.extra["alias"] = True
