"""A program in a zip, as zipapp makes it, with all of xnet in it: nothing of ours is a file then."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

PACKAGES = ("xnet", "xnet_channel", "xnet_gateway", "xnet_group", "xnet_rsync", "xnet_wire", "cbor2")
#: The interpreter of which ours is an environment: nothing is installed there.
BARE_PYTHON = os.path.realpath(sys.executable)

PROGRAM = """
import os, sys, xnet, mod
assert "app.pyz" in xnet.__file__, xnet.__file__

def here(channel):
    channel.send({"a": (2 ** 70, 1.5, None)})

gateway = xnet.makegateway(sys.argv[1])
assert gateway.remote_exec(mod.function, x=3).receive(200) == 4
assert gateway.remote_exec(mod).receive(200) == "module"
channel = gateway.remote_exec(here)
assert channel.receive(200) == {"a": (2 ** 70, 1.5, None)}
channel.waitclose(200)
assert gateway.remote_status().numexecuting == 0
channel = gateway.remote_exec("channel.send(channel.receive())")
channel.send(b"x" * 3_000_000)
assert channel.receive(200) == b"x" * 3_000_000
try:
    gateway.remote_exec("1/0").receive(200)
except xnet.RemoteError as error:
    assert "ZeroDivisionError" in str(error)
if gateway.runs_full_worker:
    text = "import xnet_wire.engine as e; channel.send((e.__file__, e.dumps.__module__))"
    file, engine = gateway.remote_exec(text).receive(200)
    assert "app.pyz" in file
    assert engine == "xnet_wire.engine", engine
os.mkdir("tree")
open("tree/file", "w").close()
sync = xnet.RSync("tree", verbose=False)
sync.add_target(gateway, os.path.abspath("copy"))
sync.send()
assert os.listdir("copy") == ["file"]
master = gateway if sys.argv[1] == "popen" else xnet.makegateway("popen")
inner = xnet.makegateway(f"popen//via={master.id}//python={sys.executable}")
assert inner.remote_exec("channel.send(1)").receive(200) == 1
print("done")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of which a zip is made."""
    path: Path = tmp_path_factory.mktemp("zip") / "app"
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (path / "__main__.py").write_text(PROGRAM)
    (path / "mod.py").write_text(
        "def function(channel, x):\n    channel.send(x + 1)\n\n"
        "if __name__ == '__channelexec__':\n    channel.send('module')\n"
    )
    return path


def run(archive: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BARE_PYTHON, "-I", archive.name, *arguments],
        cwd=archive.parent,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize(
    "spec", ["popen", "popen//python={python} -s", "popen//chdir=.", "command=env//python={python}"]
)
def test_a_program_in_a_zip(folder: Path, tmp_path: Path, spec: str) -> None:
    """Its cbor2, too, of which nothing can be loaded there: the exact codec takes over."""
    zipapp.create_archive(folder, tmp_path / "app.pyz")
    done = run(tmp_path / "app.pyz", spec.format(python=BARE_PYTHON))
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_zip_without_what_is_to_be_sent_starts_nothing(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "app")
    (tmp_path / "app/xnet_gateway/bare/worker/link.py").unlink()
    (tmp_path / "app/__main__.py").write_text(
        "import os, sys, xnet\n"
        "for spec in sys.argv[1:]:\n"
        "    try:\n        xnet.makegateway(spec)\n"
        "    except xnet.HostNotFound as error:\n        print(error)\n"
        "try:\n    print(os.waitpid(-1, os.WNOHANG))\nexcept ChildProcessError:\n    print('no child')\n"
    )
    zipapp.create_archive(tmp_path / "app", tmp_path / "app.pyz")
    done = run(tmp_path / "app.pyz", f"popen//python={BARE_PYTHON} -s", "ssh=h")
    assert done.stderr == ""
    *sentences, last = done.stdout.splitlines()
    assert last == "no child"
    assert len(sentences) == 2
    for sentence in sentences:
        assert "the source of xnet_gateway.bare.worker.link is not in this program" in sentence
        assert "include the .py files" in sentence
