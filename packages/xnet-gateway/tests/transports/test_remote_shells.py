"""``ssh=host//python=TEXT``: the shell of the other side does with the text what it does with a typed line.

Through a real sshd that has each command executed by another shell, in the place of the user's own.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from sshd_helpers import Sshd

SHELLS = ("sh", "bash", "dash", "zsh", "ksh", "fish", "tcsh")
#: Those in which all of these are written as here.
LIKE_SH = ("sh", "bash", "dash", "zsh", "ksh")


@pytest.fixture(scope="module", params=SHELLS)
def sshd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"needs the shell {request.param}, which is not on this machine")
    folder = tmp_path_factory.mktemp(request.param)
    home = folder / "home"
    for place in ("venv/bin", "with blanks"):
        (home / place).mkdir(parents=True)
        (home / place / "python").symlink_to(sys.executable)
    (home / "env.sh").write_text("MARK=set; export MARK\n")
    server = Sshd(
        folder,
        f'ForceCommand {shell} -c "$SSH_ORIGINAL_COMMAND"',
        f"SetEnv HOME={home} VENV={home}/venv SHELL_HERE={request.param}",
    )
    yield server
    server.stop()


def environment(gateways: Gateways, sshd: Sshd, text: str) -> tuple[str, dict[str, str], str]:
    """Start a worker; return its executable, its environment and its directory."""
    gateway = gateways(f"ssh=here//ssh_config={sshd.config}{text}")
    channel = gateway.remote_exec(
        "import os, sys; channel.send((sys.executable, dict(os.environ), os.getcwd()))"
    )
    found: tuple[str, dict[str, str], str] = channel.receive(PATIENCE_S)
    return found


@pytest.mark.parametrize("python", ["~/venv/bin/python", "$VENV/bin/python", '"$VENV"/bin/python -s'])
def test_it_expands_a_path(gateways: Gateways, sshd: Sshd, python: str) -> None:
    executable, variables, _ = environment(gateways, sshd, f"//python={python}")
    assert executable == f"{sshd.folder}/home/venv/bin/python"
    assert variables["HOME"] == f"{sshd.folder}/home"


def test_it_executes_what_stands_in_front(gateways: Gateways, sshd: Sshd) -> None:
    _, _, directory = environment(gateways, sshd, "//python=cd /tmp && python3//dont_write_bytecode")
    assert directory == "/tmp"


@pytest.mark.parametrize("quoted", ["'{home}/with blanks/python'", "{home}/with\\ blanks/python"])
def test_quotation_marks_are_its_own(gateways: Gateways, sshd: Sshd, quoted: str) -> None:
    python = quoted.format(home=f"{sshd.folder}/home")
    executable, _, _ = environment(gateways, sshd, f"//python={python}")
    assert executable == f"{sshd.folder}/home/with blanks/python"


def test_without_python_it_looks_for_one(gateways: Gateways, sshd: Sshd) -> None:
    assert environment(gateways, sshd, "")[0]


@pytest.mark.parametrize(
    "python",
    [". $HOME/env.sh; python3", "$(which python3)", "`which python3`", "python3 2>/dev/null", "exec python3"],
)
def test_what_is_a_command_in_sh(gateways: Gateways, sshd: Sshd, python: str) -> None:
    shell = sshd.folder.name.rstrip("0123456789")
    if shell not in LIKE_SH:
        pytest.skip(f"{shell} has another way to write this")
    _, variables, _ = environment(gateways, sshd, f"//python={python}")
    assert ("MARK" in variables) == ("env.sh" in python)


def test_worker_is_such_a_text_too(gateways: Gateways, sshd: Sshd) -> None:
    """What it starts is no worker, and says what it was called with."""
    from xnet_gateway.errors import HostNotFound

    with pytest.raises(HostNotFound, match=r"it said b'called /\S+venv"):
        gateways(f"ssh=here//ssh_config={sshd.config}//worker=echo called $VENV")
