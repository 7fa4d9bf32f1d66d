"""Who is at the other end of a unix socket. Spec: SO-035."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bare_helpers import INTERPRETERS
from gateway_helpers import PATIENCE_S, Gateways
from socket_helpers import OTHER_SECRET, SECRET, Serving
from xnet_gateway.bare import relay_program
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.listening import listen_unix
from xnet_gateway.sockets.peers import is_trusted, peer_user, why_not_our_path, why_not_ours

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
#: Listens where it is told, says that it is a server without a secret, and then what it has heard.
IMPOSTOR = f"""
import os, socket, sys
os.setgid({NOBODY}); os.setuid({NOBODY})
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
listener.listen(1)
print("listening", flush=True)
end = listener.accept()[0]
heard = b""
try:
    end.sendall(b"xnet-server/1 none\\nxnet-server/1 ok\\n")
    while data := end.recv(65536):
        heard += data
except (BrokenPipeError, ConnectionResetError):
    pass
print(heard, flush=True)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A path in a directory in which everybody may listen."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o1777)
        yield Path(folder) / "socket"


@pytest.fixture
def impostor(place: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", IMPOSTOR, str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield process
        process.kill()


def heard(impostor: subprocess.Popen[str]) -> str:
    return impostor.communicate(timeout=PATIENCE_S)[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell Python")
def test_both_ends_are_ours_here(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with one, other:
        assert peer_user(one) == peer_user(other) == os.geteuid()
        assert why_not_ours(one, "/is/not/looked/at") is None
    assert is_trusted(0)
    assert is_trusted(os.geteuid())
    assert not is_trusted(os.geteuid() + 1)


@AS_ROOT
def test_so_035_nothing_is_said_to_another_user_who_listens(
    gateways: Gateways, place: Path, impostor: subprocess.Popen[str]
) -> None:
    with pytest.raises(HostNotFound) as caught:
        gateways(f"unix={place}")
    assert str(caught.value) == (
        f"cannot reach {place}: authentication failed: user {NOBODY} listens there; without a secret it must"
        " be the user of this program, or root; use secret_file= to give a secret"
    )
    assert heard(impostor) == "b''\n"


@AS_ROOT
@pytest.mark.parametrize("version", ["full", "2.7", "3.6", "3.13", "pypy3"])
def test_so_035_nor_through_another_gateway(
    gateways: Gateways, place: Path, impostor: subprocess.Popen[str], version: str
) -> None:
    if version != "full" and INTERPRETERS[version] is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    text = "popen" if version == "full" else f"popen//python={INTERPRETERS[version]}"
    between = gateways(f"{text}//id=between")
    with pytest.raises(HostNotFound, match=f"authentication failed: user {NOBODY} listens there"):
        gateways(f"unix={place}//via=between", between)
    assert heard(impostor) == "b''\n"


@pytest.mark.parametrize("version", ["full", "2.7", "3.13", "pypy3"])
def test_so_035_our_own_is_reached(gateways: Gateways, place: Path, version: str) -> None:
    if version != "full" and INTERPRETERS[version] is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    text = "popen" if version == "full" else f"popen//python={INTERPRETERS[version]}"
    between = gateways(f"{text}//id=between")
    with Serving(listener=listen_unix(str(place)), secret=None):
        for specification, master in (f"unix={place}", None), (f"unix={place}//via=between", between):
            assert gateways(specification, master).remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


@AS_ROOT
def test_a_secret_says_who_it_is_whatever_user_it_has(place: Path, impostor: subprocess.Popen[str]) -> None:
    """Then the other side has to prove itself, and this one does not."""
    with pytest.raises(HostNotFound, match="asks for no secret, but a secret was given"):
        dial(str(place), secret=SECRET, tls=None, timeout_s=PATIENCE_S)
    assert heard(impostor) == "b''\n"


@AS_ROOT
def test_so_035_a_server_refuses_another_user(place: Path) -> None:
    """Though the permissions of its socket were changed."""
    program = f"""
import os, socket, sys
os.setgid({NOBODY}); os.setuid({NOBODY})
end = socket.socket(socket.AF_UNIX)
end.connect(sys.argv[1])
print(end.makefile().read(), flush=True)
"""
    with Serving(listener=listen_unix(str(place)), secret=None) as serving:
        place.chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-c", program, str(place)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.stdout == f"xnet-server/1 no user {NOBODY} is not the user of this server\n\n", (
            done.stderr
        )
        assert serving.said(f"this machine: refused: user {NOBODY} is not the user of this server")


@AS_ROOT
def test_a_server_with_a_secret_asks_for_that(place: Path) -> None:
    program = f"""
import os, socket, sys
os.setgid({NOBODY}); os.setuid({NOBODY})
end = socket.socket(socket.AF_UNIX)
end.connect(sys.argv[1])
print(end.makefile().readline()[:27], flush=True)
"""
    with Serving(listener=listen_unix(str(place)), secret=OTHER_SECRET):
        place.chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-c", program, str(place)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.stdout.startswith("xnet-server/1 hmac-sha256 "), done.stderr


# -- where the system does not tell ------------------------------------------------------------------


def test_a_path_that_is_ours(place: Path) -> None:
    place.touch()
    assert why_not_our_path(str(place)) is None
    place.parent.chmod(0o755)
    assert why_not_our_path(str(place)) is None


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_directory_that_others_can_write_to(place: Path, mode: int) -> None:
    place.touch()
    place.parent.chmod(mode)
    assert why_not_our_path(str(place)) == "others can write to its directory"


@AS_ROOT
def test_what_belongs_to_somebody_else(place: Path) -> None:
    place.touch()
    os.chown(place, NOBODY, NOBODY)
    assert why_not_our_path(str(place)) == f"it belongs to user {NOBODY}"
    os.chown(place.parent, NOBODY, NOBODY)
    assert why_not_our_path(str(place)) == f"its directory belongs to user {NOBODY}"


@AS_ROOT
def test_both_sides_look_at_a_path_in_the_same_way(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that runs in a gateway in between shares no code with us."""
    monkeypatch.setattr(relay_program, "peer_option", lambda: None)
    program: Any = relay_program

    def both(words: str | None) -> None:
        assert why_not_our_path(str(place)) == words
        one, other = socket.socketpair()
        with one, other:
            if words is None:
                program.check_ours(one, str(place))
            else:
                with pytest.raises(OSError, match=f"authentication failed: {words}; without a secret"):
                    program.check_ours(one, str(place))

    place.touch()
    both(None)
    os.chown(place, NOBODY, NOBODY)
    both(f"it belongs to user {NOBODY}")
    place.parent.chmod(0o777)
    both("others can write to its directory")
    os.chown(place.parent, NOBODY, NOBODY)
    both(f"its directory belongs to user {NOBODY}")
