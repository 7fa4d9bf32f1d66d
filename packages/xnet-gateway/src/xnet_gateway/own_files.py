"""Modules of ours as text and as code, imported from wherever: a directory, a zip, a frozen program.

The bare worker and the receiver of a sync are sent to other interpreters, so their source is needed.
"""

from __future__ import annotations

from importlib.util import find_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any


def own_source(name: str) -> str:
    """Return the source of a module as it is now where its package is.

    Args:
        name: The whole name of the module, which need not have been imported.

    Raises:
        OSError: It is missing: the packager of this program has left it out, or it was removed since. The
            text says what to do.

    Threads: any.
    """
    spec = find_spec(name)
    loader: Any = spec and spec.loader
    origin = str(spec.origin) if spec else "there is no such module"
    # Not with `open`, which may be somebody else's, who has no such file.
    try:
        if origin.endswith(".py") and hasattr(loader, "get_data"):
            return str(loader.get_data(origin), "utf-8")
        text = loader.get_source(name) if hasattr(loader, "get_source") else None
    except (ImportError, OSError, KeyError, EOFError) as error:
        text, origin = None, f"{origin} ({error})"
    if text is None:
        raise OSError(
            f"the source of {name} is not in this program ({origin}), but must be sent to other"
            f" interpreters: include the .py files of {name.partition('.')[0]} (with PyInstaller:"
            f" --collect-all {name.partition('.')[0]})"
        )
    return str(text)


def own_code(name: str) -> CodeType | None:
    """Return the compiled code of a module, what Python keeps of every module; None if there is none."""
    loader: Any = getattr(find_spec(name), "loader", None)
    try:
        code: CodeType | None = loader.get_code(name)
    except (AttributeError, ImportError, OSError, KeyError, EOFError):
        return None
    return code
