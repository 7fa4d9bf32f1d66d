"""What documents point at is there: relative links, #anchors, `paths/in/code`, packages to install."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from check.tree import files, relative

_FENCE: Final = re.compile(r"^(`{3,}|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_EXPLICIT_ANCHOR: Final = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
_ELSEWHERE: Final = re.compile(r"^[a-z][a-z0-9+.-]*:")
# On an index these names belong to others: installing by name would bring a stranger's package.
_INSTALL_BY_NAME: Final = re.compile(r"\bpip3? install\b[^\n#]*\s(xnet(?:-[a-z]+)?)(?=[\s=`]|$)")
# Only names that start at one of our folders are taken for paths, and only if they are written as one.
_PATH: Final = re.compile(
    r"^(?:\.ci|packages|protocol-spec|conformance-tests|tools|docs|changelog\.d)/[\w./-]*$"
)


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each link or path in a Markdown file that leads nowhere."""
    problems = []
    for document in files(root, ".md"):
        # Templates and fragments of the changelog speak of files that need not exist (any more).
        if document.parent.name == "changelog.d" or document.name == "CHANGELOG.md":
            continue
        text = document.read_text(encoding="utf-8")
        problems += [
            f"{relative(root, document)}:{number}: pip would install {found.group(1)!r} from an index, "
            "where that name is not ours; give the path of the package"
            for number, line in enumerate(text.splitlines(), 1)
            if (found := _INSTALL_BY_NAME.search(line))
        ]
        text = _without_fences(text)
        for number, line in enumerate(text.splitlines(), 1):
            place = f"{relative(root, document)}:{number}"
            prose = _CODE.sub("`code`", line)
            problems += [
                f"{place}: {problem}"
                for link in _LINK.findall(prose)
                if (problem := _link_problem(root, document, link))
            ]
            problems += [
                f"{place}: there is no {path} in this repository"
                for path in _CODE.findall(line)
                if _PATH.match(path) and not _exists(root, document, path)
            ]
    return problems


def _exists(root: Path, document: Path, path: str) -> bool:
    """Say whether the path exists from the root or from a folder between it and the document."""
    folders = [folder for folder in document.parents if folder.is_relative_to(root)]
    return any((folder / path).exists() for folder in folders)


def _without_fences(text: str) -> str:
    """Blank out fenced blocks, keeping the line numbers."""
    return _FENCE.sub(lambda block: "\n" * block.group().count("\n"), text)


def _link_problem(root: Path, document: Path, link: str) -> str | None:
    if _ELSEWHERE.match(link):
        return None  # other hosts are not asked: a check that needs the network fails for reasons not ours
    name, _, anchor = link.partition("#")
    target = document if not name else (document.parent / name)
    if not target.exists():
        return f"the link to {link} leads to no file"
    if not target.resolve().is_relative_to(root.resolve()):
        return f"the link to {link} leads out of the repository"
    if anchor and target.suffix == ".md" and anchor not in _anchors(target.read_text(encoding="utf-8")):
        return f"the link to {link} names no heading of that file"
    return None


def _anchors(text: str) -> set[str]:
    """Return what can follow the `#` in a link to this document, as viewers make it from headings."""
    anchors = set(_EXPLICIT_ANCHOR.findall(text))
    seen: dict[str, int] = {}
    for heading in _HEADING.findall(_without_fences(text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors
