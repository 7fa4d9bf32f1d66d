"""A package of modules as one text, for an interpreter where nothing of ours is installed.

Programs that are sent elsewhere are written as any other: a folder of modules that import each other
relatively, each of which can be read, linted, imported and tested by itself. A ``Bundle`` makes of them
what is sent::

    MODULES = ("errors", "link", "start")
    WORKER = Bundle("xnet_gateway.bare.worker", MODULES, "xnet_bare_worker", "xnet bare worker")
    source = WORKER.program("start.serve(channel)")  # for remote_exec, or python -c
    texts = WORKER.texts()                           # for whoever sends them in another way

What the modules have to keep to, so that they can be sent:

- They are for the oldest Python that they are sent to. They import each other with ``from .other import
  name`` or ``from . import other``, at their beginning and never in circles, and there are no packages in
  the package.
- How a module is imported decides when it is executed. ``from .other import name`` does it at once, and
  ``from . import other`` when something of it is first used (``other.function()``): what is rarely needed
  is imported so. It is neither compiled nor executed at the start, and may be of a syntax that not all
  interpreters know.
- What a module imports from elsewhere at its beginning is imported when it is executed, which may be after
  other code has changed ``sys.path`` and the like. Modules that are executed late import such things inside
  of functions, and take care of that. Imports of the modules of the bundle itself always work.
- Docstrings and comments are not sent, see ``without_comments``; each line keeps its number, and tracebacks
  say ``<title/module.py>``.
- Who has imported a module for later does not see names in it that are bound again.

``bundle_loader`` is the other half.
"""

from __future__ import annotations

import re

from xnet_gateway.own_files import own_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

#: The module whose text begins every bundle.
LOADER: Final = "xnet_gateway.bundle_loader"

#: What is executed with a module, before it.
_NEEDS: Final = r"^from \.(\w+) import"

#: It leaves ``bundle`` and the name of each module behind.
_PROGRAM: Final = """\
import sys
package = sys.modules[{name!r}] = type(sys)({name!r})
eval(compile({loader!r}, "<{title}/loader>", "exec"), package.__dict__)
bundle = package.Bundle(package, {title!r}, {names!r}, {texts!r}, list, {{}})
{first} = bundle.load({first!r})
{then}
"""


class Bundle:
    """Modules of one package, and what they are called where they are sent.

    Args:
        package: The whole name of the package here.
        modules: The names of its modules in it.
        name: The name of the package there. No other program may use it.
        title: What tracebacks call it.

    Threads: any.
    """

    __slots__ = ("modules", "name", "package", "title")

    def __init__(self, package: str, modules: Sequence[str], name: str, title: str) -> None:
        self.package = package
        self.modules = tuple(modules)
        self.name = name
        self.title = title

    def texts(self) -> dict[str, str]:
        """Return the text of each module as it is sent, by its name.

        Raises:
            OSError: The source is not in this program.
        """
        return {name: without_comments(own_source(f"{self.package}.{name}")) for name in self.modules}

    def at_once(self, first: str) -> tuple[str, ...]:
        """Return the modules that are executed before a module can be used: it, and what it needs.

        Raises:
            OSError: The source is not in this program.
        """
        texts = self.texts()
        found = [first]
        for name in found:
            found += {one for one in re.findall(_NEEDS, texts[name], re.MULTILINE) if one not in found}
        return tuple(name for name in self.modules if name in found)

    def program(self, then: str) -> str:
        """Return a program in one text, in ASCII, that executes one module and does something with it.

        Args:
            then: A statement that begins with the name of that module: ``start.main(channel)``.

        Raises:
            OSError: The source is not in this program.
        """
        texts = self.texts()
        return _PROGRAM.format(
            name=self.name,
            title=self.title,
            loader=loader_text(),
            names=list(texts),
            texts=list(texts.values()),
            first=then.partition(".")[0],
            then=then,
        )


def loader_text() -> str:
    """Return what defines ``Bundle`` in the other interpreter.

    Raises:
        OSError: The source is not in this program.
    """
    return without_comments(own_source(LOADER))


def without_comments(text: str) -> str:
    """Return the source as it is sent: without docstrings and lines of comment, each line at its number.

    It knows the style of such files, which tests compare before and after; a real tokeniser would take a
    hundred times as long.
    """
    lines: list[str] = []
    in_docstring = False
    zero = -1  # where the last docstring was
    for line in text.split("\n"):
        stripped = line.strip()
        if in_docstring:
            in_docstring = not stripped.endswith('"""')
            lines.append("")
        elif stripped.startswith('"""'):
            in_docstring = stripped == '"""' or not stripped.endswith('"""')
            zero = len(lines)
            lines.append(line[: -len(stripped)] + "0")
        elif stripped.startswith("#") or not stripped:
            lines.append("")
        else:
            lines.append(line.partition("  # ")[0])
            if zero >= 0 and lines[zero] == line[: -len(line.lstrip())] + "0":
                lines[zero] = ""  # it is not all that there is
            zero = -1
    return "\n".join(lines)
