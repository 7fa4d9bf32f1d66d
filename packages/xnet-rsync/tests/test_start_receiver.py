"""Trees can be sent to gateways with the service, and to those that execute Python. Spec: RS-014."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rsync_helpers import Gateways, find_interpreter
from xnet_channel.core.handshake import PREAMBLE
from xnet_rsync import RSync
from xnet_wire import frames
from xnet_wire.hello import Hello, encode_hello

FAKE = "#!{python}\nimport os\nos.write(1, {hello!r})\nwhile os.read(0, 65536): pass\n"


@pytest.mark.parametrize(
    ("features", "refused"),
    [
        (("exec.ruby",), "no service 'rsync', and executes ruby, not python"),
        (
            ("service.other", "exec.ruby", "exec.lua"),
            "no service 'rsync', and executes ruby and lua, not python",
        ),
        (("exec.ruby", "service.rsync"), None),
        (("exec.ruby", "exec.python"), None),
    ],
)
def test_others_are_refused_by_add_target(
    gateways: Gateways, tmp_path: Path, features: tuple[str, ...], refused: str | None
) -> None:
    hello = encode_hello(Hello("a test", features=features))
    said = PREAMBLE + frames.encode_header(frames.HELLO, 0, len(hello)) + hello
    script = tmp_path / "worker.py"
    script.write_text(FAKE.format(python=sys.executable, hello=said))
    script.chmod(0o755)
    gateway = gateways(f"command={script}//id=far")
    rsync = RSync(tmp_path, verbose=False)
    if refused is None:
        rsync.add_target(gateway, "/nowhere")
    else:
        with pytest.raises(ValueError, match=f"no tree can be sent to gateway far: it has {refused}"):
            rsync.add_target(gateway, "/nowhere")


@pytest.mark.parametrize("bare", [False, True], ids=["service", "sent"])
def test_a_tree_arrives_either_way(gateways: Gateways, tmp_path: Path, bare: bool) -> None:
    gateway = gateways(f"popen//python={find_interpreter('3.12')}" if bare else "popen")
    assert ("rsync" in gateway.services()) != bare
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("content")
    rsync = RSync(tmp_path / "source", verbose=False)
    rsync.add_target(gateway, tmp_path / "copy")
    rsync.send()
    assert (tmp_path / "copy" / "file").read_text() == "content"
