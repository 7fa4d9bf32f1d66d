"""The bare worker on standard input and output, in the interpreter that is named: ``bare_worker.py 2.7``.

Without a name it is the interpreter that this runs on.
What xnet sends to an interpreter that has nothing of it comes from a file here, so that standard input is the
connection from its first byte on. What it executes there to receive a tree is in another file, which the fixture
`rsync-receiver` finds by XNET_RSYNC_RECEIVER.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Last, so that PYTHONPATH may lead to a changed one.
sys.path += [str(HERE.parents[2] / "packages" / name / "src") for name in ("xnet-gateway", "xnet-rsync")]

from xnet_gateway.bare.bootstrap import FIRST_LINE, first_bytes
from xnet_rsync.receiver_source import receiver_source


def find(version):
    """Return the path of an interpreter; the shims of pyenv are there for versions that are not."""
    name = version if version.startswith("pypy") else "python" + version
    root = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    for folder in sorted(root.glob(f"versions/{version}.*/bin")):
        if (folder / name).exists():
            return str(folder / name)
    path = os.pathsep.join(p for p in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in p)
    return shutil.which(name, path=path) or sys.exit(f"there is no interpreter {version} here")


python = find(sys.argv[1]) if len(sys.argv) > 1 else sys.executable


def open_file(content):
    """Return a descriptor, for a child, of a file that has no name."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        fd = os.dup(file.fileno())
    os.lseek(fd, 0, os.SEEK_SET)
    os.set_inheritable(fd, True)
    return fd


fd = open_file(first_bytes())
os.environ["XNET_RSYNC_RECEIVER"] = f"/proc/self/fd/{open_file(receiver_source().encode())}"
os.execv(python, [python, "-u", "-c", FIRST_LINE.replace("FileIO(0,", f"FileIO({fd},")])
