"""Where the secret comes from, and that it does not go anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from socket_helpers import SECRET
from xnet_gateway.sockets.secrets_source import find_secret, read_secret_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_bytes(SECRET + b"\n")
    return path


def test_from_a_file(file: Path) -> None:
    assert find_secret(str(file), {"XNET_SECRET": "another one, which is not looked at"}) == SECRET
    assert find_secret(None, {"XNET_SECRET_FILE": str(file)}) == SECRET


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_secret(None, {"XNET_SECRET": SECRET.decode()}) == SECRET
    monkeypatch.delenv("XNET_SECRET_FILE", raising=False)
    monkeypatch.setenv("XNET_SECRET", SECRET.decode())
    assert find_secret() == SECRET


@pytest.mark.parametrize(
    "environment", [{}, {"XNET_SECRET": ""}, {"XNET_SECRET": "", "XNET_SECRET_FILE": ""}]
)
def test_there_may_be_none(environment: dict[str, str]) -> None:
    assert find_secret(None, environment) is None


def test_two_are_one_too_many(file: Path) -> None:
    with pytest.raises(ValueError, match="XNET_SECRET_FILE and XNET_SECRET are both set"):
        find_secret(None, {"XNET_SECRET_FILE": str(file), "XNET_SECRET": SECRET.decode()})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610, 0o601, 0o644, 0o620])
def test_a_file_that_others_can_read_or_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(
        ValueError, match=f"has the mode {mode:04o}, so others can read or change it: run chmod"
    ):
        read_secret_file(str(file))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_the_owner_alone_is_fine(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert read_secret_file(str(file)) == SECRET


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else_is_refused(file: Path) -> None:
    os.chown(file, 65534, 65534)
    with pytest.raises(ValueError, match="belongs to user 65534, who can change it"):
        read_secret_file(str(file))


def test_what_is_no_file_is_refused_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ValueError, match="is not a regular file"):
        read_secret_file(str(tmp_path / "pipe"))
    with pytest.raises(ValueError, match="is not a regular file"):
        read_secret_file(str(tmp_path))
    with pytest.raises(ValueError, match=r"cannot read the secret file .* No such file"):
        read_secret_file(str(tmp_path / "missing"))
    with pytest.raises(ValueError, match="cannot read the secret file"):
        read_secret_file("a\0b")


def test_short_and_large_ones_are_refused(file: Path) -> None:
    file.write_bytes(b"  tiny \n")
    with pytest.raises(
        ValueError, match="has 4 bytes of secret, expected at least 16; make one with"
    ) as caught:
        read_secret_file(str(file))
    assert "tiny" not in str(caught.value)
    file.write_bytes(b"x" * 5000)
    with pytest.raises(ValueError, match="has more than 4096 bytes"):
        read_secret_file(str(file))
    with pytest.raises(ValueError, match="the environment variable XNET_SECRET has 3 bytes") as caught:
        find_secret(None, {"XNET_SECRET": "abc"})
    assert "abc" not in str(caught.value)
