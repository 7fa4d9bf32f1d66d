"""A worker finds its own modules as the import system would, and quicker. Spec: none; docs/decisions/0044."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway.worker import quick_imports
from xnet_gateway.worker.quick_imports import Finder

pytestmark = pytest.mark.skipif(sys.implementation.name != "cpython", reason="not done elsewhere")

#: What the import system says of a module, and what executing it has made.
SAME = "name origin has_location cached parent submodule_search_locations"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package by the name of one of ours, compiled."""
    folder = tmp_path / "xnet_wire"
    (folder / "deep").mkdir(parents=True)
    (folder / "plain.py").write_text("VALUE = 1\n")
    (folder / "deep" / "__init__.py").write_text("VALUE = 2\n")
    compile_all(folder)
    return folder


def compile_all(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)


@pytest.mark.parametrize("last", ["plain", "deep"])
def test_it_finds_what_the_import_system_finds(package: Path, last: str) -> None:
    name = f"xnet_wire.{last}"
    found = Finder.find_spec(name, [str(package)])
    expected = importlib.machinery.PathFinder.find_spec(name, [str(package)])
    assert found is not None
    assert expected is not None
    for attribute in SAME.split():
        assert getattr(found, attribute) == getattr(expected, attribute)
    assert isinstance(found.loader, importlib.machinery.SourceFileLoader)
    ours, theirs = importlib.util.module_from_spec(found), importlib.util.module_from_spec(expected)
    assert expected.loader is not None
    for _ in range(2):  # the second time as `importlib.reload` does
        found.loader.exec_module(ours)
        expected.loader.exec_module(theirs)
        assert ours.VALUE == theirs.VALUE
        assert set(vars(ours)) == set(vars(theirs))
    assert found.loader.get_source(name) == f"VALUE = {ours.VALUE}\n"


def test_what_was_changed_is_left_to_the_import_system(package: Path) -> None:
    source = package / "plain.py"
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is not None
    before = source.stat()
    source.write_text("VALUE = 10\n")  # another size in the same second
    os.utime(source, (before.st_atime, before.st_mtime))
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is None
    source.write_text("VALUE = 7\n")  # the same size at another time
    os.utime(source, (before.st_atime, before.st_mtime + 5))
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is None
    compile_all(package)
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is not None


def test_what_is_odd_is_left_to_the_import_system(package: Path) -> None:
    """Modules of others, packages themselves, what is not compiled, bytecode that is checked by its hash."""
    assert Finder.find_spec("xnet_wire", None) is None
    assert Finder.find_spec("somebody.plain", [str(package)]) is None
    assert Finder.find_spec("xnet_wire.missing", [str(package)]) is None
    assert Finder.find_spec("xnet_wire.plain", [str(package / "in.zip")]) is None
    [cached] = (package / "__pycache__").iterdir()
    data = cached.read_bytes()
    cached.write_bytes(b"\0\0\0\0" + data[4:])  # of another Python
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is None
    cached.write_bytes(data[:4] + b"\1\0\0\0" + data[8:])
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is None
    cached.write_bytes(data[:7])
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is None
    cached.write_bytes(data + b"\0" * quick_imports.MOST_BYTES)
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is None
    cached.unlink()
    assert Finder.find_spec("xnet_wire.plain", [str(package)]) is None


def test_who_wants_to_be_asked_first_is(monkeypatch: pytest.MonkeyPatch) -> None:
    early, late, path_finder = SimpleNamespace(), SimpleNamespace(), importlib.machinery.PathFinder
    finders: list[object] = [early, path_finder, late]
    monkeypatch.setattr(sys, "meta_path", finders)
    quick_imports.begin()
    assert finders == [early, Finder, path_finder, late]
    quick_imports.end()
    quick_imports.end()
    assert finders == [early, path_finder, late]
    monkeypatch.setattr(sys, "pycache_prefix", "/elsewhere")
    quick_imports.begin()
    assert finders == [early, path_finder, late]
    monkeypatch.setattr(sys, "pycache_prefix", None)
    del finders[1]
    quick_imports.begin()
    assert finders == [early, late]


def test_code_in_a_worker_finds_imports_as_they_always_are(gateways: Gateways) -> None:
    source = """
import gc, sys
import xnet_wire.frames
names = [getattr(finder, "__name__", type(finder).__name__) for finder in sys.meta_path]
source = xnet_wire.frames.__loader__.get_source("xnet_wire.frames")
channel.send((names, source == open(xnet_wire.frames.__file__).read(), gc.isenabled()))
"""
    expected = subprocess.check_output(
        [
            sys.executable,
            "-c",
            "import sys; print([getattr(one, '__name__', type(one).__name__) for one in sys.meta_path])",
        ],
        text=True,
    )
    names, same_source, collects = gateways().remote_exec(source).receive(PATIENCE_S)
    assert f"{names}\n" == expected
    assert (same_source, collects) == (True, True)


def test_a_worker_loads_all_of_ours_this_way(gateways: Gateways) -> None:
    """But for the packages themselves, and what has to be there to begin."""
    source = """
import sys
channel.send(sorted(
    name for name, module in list(sys.modules.items())
    if name.partition(".")[0] in ("xnet_wire", "xnet_channel", "xnet_gateway")
    and type(module.__loader__).__name__ != "Loader"
))
"""
    gateways().remote_exec(source).receive(PATIENCE_S)  # whoever is first may have to compile
    found = gateways("popen").remote_exec(source).receive(PATIENCE_S)
    if sys.dont_write_bytecode:
        pytest.skip("nothing is compiled here")
    assert found == [
        "xnet_channel",
        "xnet_gateway",
        "xnet_gateway.worker",
        "xnet_gateway.worker.quick_imports",
        "xnet_wire",
    ]
