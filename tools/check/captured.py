"""What a wait, a write, a start or an end depends on is not taken from where other libraries put their own.

Programs replace ``os.read``, ``time.monotonic``, ``open`` and the like while we are at work: freezegun,
pyfakefs, tests. So these places call what ``xnet_channel.platform.native`` took in time, as attributes of
its classes: ``OS.read``, ``CLOCK.monotonic``. What is sent to other interpreters has classes of these names
of its own. Under a name of a module, or as the default of a parameter, the same function would be found and
replaced. docs/decisions/0022 has the reasons.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from check.allowed import BY_NAME
from check.tree import files, relative

#: Where nothing may be called by such a name: all that runs in a program of somebody else.
PLACES: Final = (
    "packages/xnet-wire/src/",
    "packages/xnet-channel/src/",
    "packages/xnet-gateway/src/",
    "packages/xnet-group/src/",
    "packages/xnet-rsync/src/",
    "packages/xnet/src/xnet/alias.py",
    "packages/xnet/src/xnet/compat/",
    "packages/xnet/src/xnet/xdist.py",
)
#: The classes whose attributes are called instead.
CLASSES: Final = ("CLOCK", "OS")

_NAMES: Final[dict[str, frozenset[str]]] = {
    module: frozenset(names.split())
    for module, names in {
        "builtins": "open",
        "io": "open FileIO",
        "os": """
            _exit close cpu_count dup dup2 eventfd fdopen fork fstat getpid kill killpg lstat mkdir open
            pidfd_open pipe pipe2 popen posix_spawn pread pwrite read readv sched_getaffinity
            set_blocking set_inheritable stat system umask unlink wait waitid waitpid write writev
        """,
        "queue": "LifoQueue PriorityQueue Queue SimpleQueue",
        "select": "epoll kqueue poll select",
        "selectors": "DefaultSelector EpollSelector KqueueSelector PollSelector SelectSelector",
        "socket": "create_connection create_server fromfd socket socketpair",
        "subprocess": "Popen call check_call check_output run",
        "threading": "Barrier BoundedSemaphore Condition Event Lock RLock Semaphore Thread Timer",
        "time": "monotonic monotonic_ns perf_counter perf_counter_ns sleep time time_ns",
    }.items()
}


def find_problems(root: Path, allowed: Mapping[str, Mapping[str, str]] = BY_NAME) -> list[str]:
    """Return a sentence for each call by name, and for each needless exception."""
    used: set[tuple[str, str]] = set()
    problems = []
    for path in files(root, ".py"):
        name = relative(root, path)
        if not name.startswith(PLACES):
            continue
        places = [one for one in allowed if one == name or (one.endswith("/") and name.startswith(one))]
        for line, found in sorted(set(_uses(ast.parse(path.read_text(encoding="utf-8"))))):
            exceptions = {(one, used_by) for one in places for used_by in {found, "*"} & set(allowed[one])}
            used.update(exceptions)
            if not exceptions:
                problems.append(f"{name}:{line}: {found} may be somebody else's; {_advice(found)}")
    problems += [
        f"{name} is listed in tools/check/allowed.py as using {found} by its name, and does not"
        for name, found in sorted({(name, found) for name in allowed for found in allowed[name]} - used)
    ]
    return problems


def _advice(found: str) -> str:
    if found.startswith(CLASSES):
        return "call it as the attribute of its class, where no library replaces it"
    return "call what xnet_channel.platform.native took in time, or say in tools/check/allowed.py why not"


def _uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of everything that is called, or kept, by a name that others replace."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        # Also `from .interpreter import os`: the bare worker has all these modules from one place.
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.level):
            modules.update({one.asname or one.name: one.name for one in node.names if one.name in _NAMES})
    yield from _kept(tree)
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ClassDef) and node.name in CLASSES:
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.AnnAssign):
            waiting += [one for one in (node.target, node.value) if one is not None]
            continue
        if isinstance(node, ast.arg):
            continue  # after its colon comes a type
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, node.args, *node.body]
            continue
        if isinstance(node, ast.ImportFrom) and node.module in _NAMES:
            for one in node.names:
                if one.name in _NAMES[node.module]:
                    yield node.lineno, f"{node.module}.{one.name}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id, "")
            if node.attr in _NAMES.get(module, ()):
                yield node.lineno, f"{module}.{node.attr}"
        elif isinstance(node, ast.Name) and node.id == "open" and isinstance(node.ctx, ast.Load):
            yield node.lineno, "open"
        waiting += ast.iter_child_nodes(node)


def _kept(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield functions taken out of their class, into a name of the module or the default of a parameter."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            yield from _taken_out(parts)
    for inner in ast.walk(tree):
        if isinstance(inner, ast.arguments):
            yield from _taken_out([one for one in (*inner.defaults, *inner.kw_defaults) if one is not None])


def _taken_out(values: list[ast.expr]) -> Iterator[tuple[int, str]]:
    for value in values:
        place = value.value if isinstance(value, ast.Attribute) else None
        if isinstance(value, ast.Attribute) and isinstance(place, ast.Name) and place.id in CLASSES:
            yield value.lineno, f"{place.id}.{value.attr}"
