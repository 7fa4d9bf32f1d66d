"""Every command and session in every document is run, or is listed here with the reason why it cannot be."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bare_helpers import find_interpreter
from check.tree import ROOT, packages
from document_commands import Shown, commands, sessions

pytestmark = pytest.mark.slow

FOLDERS = ("docs", "tools", "protocol-spec", "conformance-tests")
DOCUMENTS = sorted(
    {
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(package.folder / "README.md" for package in packages(ROOT)),
        *(
            path
            for name in FOLDERS
            for path in (ROOT / name).rglob("*.md")
            if "node_modules" not in path.parts
        ),
    }
)

#: Why commands that begin so are not run as they are, and what is run instead; None for nothing.
NOT_AS_WRITTEN: Final[dict[str, tuple[str, str | None]]] = {
    "python3 tools/dev.py test": ("this test is a part of it", "python3 tools/dev.py test --version"),
    "python3 tools/dev.py --python 3.13 test": (
        "this test is a part of it",
        "python3 tools/dev.py --python 3.13 --help",
    ),
    "python3 tools/dev.py check": (
        "test_dev.py does with a tree of its own",
        "python3 tools/dev.py check --list",
    ),
    "python3 tools/dev.py coverage wire core": (
        "a build runs it; test_covered.py does with a package of its own",
        "python3 tools/dev.py coverage --help",
    ),
    "python3 tools/dev.py bench": ("takes minutes, and both processors", "python3 tools/dev.py bench --help"),
    "python3 tools/dev.py bench-rsync": ("takes minutes", "python3 tools/dev.py bench-rsync --help"),
    "python3 tools/dev.py peers": (
        "needs a package index, takes minutes",
        "python3 tools/dev.py peers --help",
    ),
    "python3 tools/peers": ("needs a package index, and takes minutes", "python3 tools/peers --help"),
    "pip install pytest-xdist": ("needs a package index", "python -c 'import xdist'"),
    "pip install ./": ("needs a package index; check isolated installs each", "ls -d ./"),
    "python3 -m venv ../xnet-bench": ("writes beside the sources; the next one needs a package index", None),
    "../xnet-bench/bin/pip install": ("needs a package index", None),
    "../xnet-bench/bin/python tools/bench": ("takes minutes, and both processors", None),
    "node --test conformance-tests/": ("takes minutes; test_node_parts.py runs them", None),
    'xnet-conformance run -t "node my-worker.js" --report': (
        "takes a minute",
        "xnet-conformance run -t 'node my-worker.js' --case 'channel.items.*' --report html -o out",
    ),
    "xnet-conformance run -t testee.yaml": (
        "judges a testee of the reader's",
        "xnet-conformance run --help",
    ),
    "python raw_client.py ruby": (
        "talks to a worker of the reader's; test_raw_client.py has one",
        "python -m py_compile raw_client.py && echo mine",
    ),
    "python -m xnet connect 10.0.0.5": (
        "needs a program that listens at that address; test_connect.py has one",
        "python -m xnet connect --help",
    ),
}
SESSIONS_NOT_RUN: Final = {
    "docs/other-languages.md": "test_other_languages.py runs it",
    "docs/reach/containers.md": "needs docker and a container",
    "docs/reach/listen.md": "waits for somebody to type into another machine; test_connect.py does",
    "docs/reach/ssh.md": "names machines of the reader; test_sshd.py has one",
}
#: The reader's machines and places, and what stands for them.
STANDS_FOR: Final = {
    "ssh=web1": "popen//id=web1",
    "ssh=web2": "popen//id=web2",
    "docker=db": "popen//id=db",
    ":/srv/app": ":{folder}/srv",
    "node my-worker.js": "node {worker}",
    ":8888": ":{port}",
    "/home/me/project": "{folder}",
    "/tmp/run": "{folder}/../run",
}
#: What a document takes for granted.
FILES: Final = {
    "README.md": {"src/file": "text\n", "test_some.py": "def test_some(): pass\n"},
    "docs/xdist.md": {
        "test_some.py": "import pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_some(n): pass\n",
        "pytest.ini": "[pytest]\naddopts = -p no:cacheprovider\n",
    },
}
#: What has to be said besides status 0, by what is in the command.
SAID: Final = {
    "pytest -p xnet.xdist -n 4": r"created: 4/4 workers[^$]* \d+ passed",
    "--tx": r"created: 2/2 workers[^$]* 20 passed",
    "mine": "mine",
}
IN_THE_ROOT: Final = re.compile(r"(\./packages|tools|protocol-spec|conformance-tests)\b")


def names(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for the commands of a document, in a home of its own, and beside it the programs it names."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, module in (("xnet", "xnet"), ("xnet-conformance", "xnet_conformance")):
        program(programs / name, f'exec "{sys.executable}" -m {module} "$@"')
    program(programs / "pytest", f'exec "{sys.executable}" -m pytest "$@"')
    for name in ("python", "python3"):
        program(programs / name, f'exec "{sys.executable}" "$@"')
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def replaced(place: Path) -> dict[str, str]:
    """What stands for the reader's names, for this test."""
    with socket.create_server(("", 0)) as free:
        port = str(free.getsockname()[1])
    worker = ROOT / "conformance-tests/testees/node/worker.mjs"
    return {name: stand.format(folder=place, port=port, worker=worker) for name, stand in STANDS_FOR.items()}


def reason_not_to(command: str) -> tuple[str, str | None] | None:
    """Return why a command is not run as it is, by the longest beginning that is listed."""
    found = [begin for begin in NOT_AS_WRITTEN if command.startswith(begin)]
    return NOT_AS_WRITTEN[max(found, key=len)] if found else None


@contextlib.contextmanager
def started(shown: str, place: Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a command in a shell as a reader would."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {
        "PATH": f"{place.parent / 'programs'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(place),
    }
    process = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", f"exec 2>&1; {shown}"],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="backslashreplace",  # a worker on standard output
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(200)
        if process.stdout is not None:
            process.stdout.close()


def run(command: Shown, place: Path, replaced: dict[str, str]) -> None:
    """Run a command: it has to end well, or, of a server, to begin."""
    text = command.text
    found = reason_not_to(text)
    if found is not None:
        if found[1] is None:
            return
        # Of what is installed, whether it is there to be installed.
        text = text.replace("pip install", "ls -d") if found[1] == "ls -d ./" else found[1]
    # In one pass: what stands in may contain a name itself, as the folder that this was cloned into.
    text = re.sub("|".join(map(re.escape, replaced)), lambda name: replaced[name[0]], text)
    where = f"{names(command.document)}:{command.line}: {command.text}\n{text}\n"
    with started(text, place, ROOT if IN_THE_ROOT.search(command.text) else place) as process:
        assert process.stdout is not None
        if " xnet serve " in text:
            expected = [line.replace(":8888", replaced[":8888"]) for line in command.output]
            line = process.stdout.readline().rstrip("\n")
            assert line.startswith("listening on "), where + line
            assert expected in ([], [line]), where
            return
        said = process.communicate(timeout=800)[0]
    assert process.returncode == 0, where + said
    for part, pattern in SAID.items():
        if part in command.text:
            assert re.search(pattern, said), where + said


WITH_COMMANDS = [document for document in DOCUMENTS if commands(document)]
#: Those whose commands show what they print are run by a test that compares it.
COMPARED: Final = {"docs/command-line.md": "test_document.py"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("document", WITH_COMMANDS, ids=names)
def test_the_commands_of_a_document_run(document: Path, place: Path, replaced: dict[str, str]) -> None:
    name = names(document)
    if name in COMPARED:
        test = ROOT / "packages/xnet/tests/command_line" / COMPARED[name]
        assert name.rpartition("/")[2] in test.read_text(encoding="utf-8")
        return
    for file, text in FILES.get(name, {}).items():
        (place / file).parent.mkdir(exist_ok=True)
        (place / file).write_text(text)
    with contextlib.ExitStack() as stack:
        if name == "docs/xdist.md":
            make_machines(place, stack)
        for command in commands(document):
            if re.search(r"\bnode\b", command.text) and shutil.which("node") is None:
                continue
            run(command, place, replaced)


def make_machines(place: Path, stack: contextlib.ExitStack) -> None:
    """Have a pytest beside xnet, a ``python3.12`` that has pytest only, and a machine ``build`` with that."""
    from sshd_helpers import Sshd

    programs = place.parent / "programs"
    # pytest-xdist gives local workers its path, and what is compiled here is not for another Python.
    here = make_environment(sys.executable, place.parent / "here", "execnet", "attrs", "cbor2")
    sources = "".join(f"{package.folder / 'src'}\n" for package in packages(ROOT))
    next(here.glob("lib/python*/site-packages")).joinpath("xnet.pth").write_text(sources)
    program(programs / "pytest", f'exec "{here}/bin/python" -m pytest "$@"')
    other = make_environment(find_interpreter("3.12") or sys.executable, place.parent / "other", "execnet")
    program(programs / "python3.12", f'exec "{other}/bin/python" "$@"')
    for folder in ("sshd", "run"):
        (place.parent / folder).mkdir()
    sshd = Sshd(place.parent / "sshd", f"SetEnv PATH={programs}:/usr/bin:/bin")
    stack.callback(sshd.stop)
    config = place.parent / "ssh_config"
    config.write_text(sshd.config.read_text().replace("Host here", "Host build"))
    program(programs / "ssh", f'exec "{shutil.which("ssh")}" -F "{config}" "$@"')


def make_environment(base: str, folder: Path, *more: str) -> Path:
    """Make a virtual environment with pytest-xdist, of the files that are installed here."""
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True, timeout=600)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    if sys.version_info < (3, 11):
        more += ("exceptiongroup", "tomli", "typing-extensions")
    for name in ("pytest", "pytest-xdist", "pluggy", "iniconfig", "packaging", "pygments", *more):
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        for top in tops:
            (site_packages / top).symlink_to(str(distribution.locate_file(top)))
    return folder


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if sessions(d)], ids=names)
def test_the_sessions_of_a_document_go_as_shown(document: Path) -> None:
    if names(document) in SESSIONS_NOT_RUN:
        return
    text = "\n".join(session.text for session in sessions(document))
    if "python2.7" in text:
        old = find_interpreter("2.7")
        if old is None:
            pytest.skip("needs Python 2.7, which is not on this machine")
        text = text.replace("python=python2.7", f"python={old}")
    if "gevent" in text and importlib.util.find_spec("gevent") is None:
        pytest.skip("needs gevent, which is not installed")
    program_text = (
        "import doctest, sys, xnet\n"
        "flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL\n"
        "test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {'xnet': xnet}, 'session', None, 0)\n"
        "sys.exit(doctest.DocTestRunner(optionflags=flags).run(test).failed)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program_text],
        input=text,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("begin", ["xnet", "python3 tools/dev.py", "xnet-conformance"])
def test_commands_that_are_named_in_the_text_exist(begin: str, place: Path) -> None:
    with started(f"{begin} --help", place, ROOT) as process:
        said = process.communicate(timeout=600)[0]
    assert process.returncode == 0, said
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for name in re.findall(rf"`{begin} ([a-z][a-z-]*)[ `]", text):
            assert re.search(rf"\b{name}\b", said), f"{names(document)}: {begin} {name}"


def test_what_is_listed_is_still_there() -> None:
    every = [command.text for document in DOCUMENTS for command in commands(document)]
    for begin in NOT_AS_WRITTEN:
        assert any(text.startswith(begin) for text in every), begin
    for name in (*SESSIONS_NOT_RUN, *COMPARED, *FILES):
        assert (ROOT / name).is_file(), name
    for name in SESSIONS_NOT_RUN:
        assert sessions(ROOT / name), name
    for name in STANDS_FOR:
        assert any(name in text for text in every), name


def test_blocks_are_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "```\npip install a \\\n    b     # why\npytest -n 4\n```\n"
        "```console\n$ xnet status\nfine\n$ xnet doctor\n```\n"
        "```\n>>> 1\n1\n```\n```\nxnet: no command\n```\n```text\npip install c\n```\n"
    )
    assert [(one.line, one.text, one.output) for one in commands(document)] == [
        (2, "pip install a b", ()),
        (4, "pytest -n 4", ()),
        (7, "xnet status", ("fine",)),
        (9, "xnet doctor", ()),
    ]
    assert [(one.line, one.text) for one in sessions(document)] == [(12, ">>> 1\n1\n")]
