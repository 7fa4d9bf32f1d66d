"""No files of one package import each other in a circle; an import for types alone counts as any other.

Files of a circle can only be read together, whatever layers they were put into.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import grimp

from check.tree import members

if TYPE_CHECKING:
    from pathlib import Path


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each circle."""
    return [problem for package in members(root) for problem in circles_of(package.source)]


def circles_of(source: Path) -> list[str]:
    """Return a sentence for each circle in the package of a folder."""
    sys.path.insert(0, str(source.parent))
    try:
        graph = grimp.build_graph(source.name, exclude_type_checking_imports=False, cache_dir=None)
    finally:
        sys.path.remove(str(source.parent))
    imports = {name: graph.find_modules_directly_imported_by(name) for name in sorted(graph.modules)}
    return [f"{source.name}: {' -> '.join(_way_round(imports, circle))}" for circle in _circles(imports)]


def _circles(imports: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of modules that all lead to each other."""
    leads_to = {name: _reached(imports, name) for name in imports}
    circles: list[set[str]] = []
    for name in imports:
        if name in leads_to[name] and not any(name in circle for circle in circles):
            circles.append({other for other in leads_to[name] if name in leads_to[other]})
    return circles


def _reached(imports: dict[str, set[str]], name: str) -> set[str]:
    """Return the modules to which the imports of one lead; itself only by a circle."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = imports[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def _way_round(imports: dict[str, set[str]], circle: set[str]) -> list[str]:
    """Return a shortest way from the first module of a circle back to it."""
    first = min(circle)
    ways = [[first]]
    for way in ways:
        for following in sorted(imports[way[-1]] & circle):
            if following == first:
                return [*way, first]
            if not any(following in other for other in ways):
                ways.append([*way, following])
    return [first]
