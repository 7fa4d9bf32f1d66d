"""What docs/security.md promises and no other test is about. docs/security-tests.yaml has all of them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bare_helpers import INTERPRETERS
from gateway_helpers import PATIENCE_S, Gateways, eventually, memory_kb
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets import one_shot_server
from xnet_gateway.sockets.reception import Reception
from xnet_gateway.sockets.server import Limits
from xnet_gateway.transports import installed
from xnet_gateway.transports.base import Listen
from xnet_gateway.xspec import XSpec
from xnet_wire import values
from xnet_wire.errors import LoadError

SOURCES = Path(__file__).parents[2]
#: Modules that run code when they read data.
RUN_CODE = {"pickle", "_pickle", "cPickle", "shelve", "dill", "cloudpickle", "copyreg"}
CLOSED = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None))
BARE = INTERPRETERS["2.7"] or INTERPRETERS["3.13"] or sys.executable


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_no_package_reads_data_with_what_runs_code() -> None:
    paths = list(SOURCES.glob("*/src/**/*.py"))
    assert len(paths) > 100
    assert {path: imports(path) & RUN_CODE for path in paths if imports(path) & RUN_CODE} == {}


def plain(item: object) -> bool:
    """Return whether an item and all in it are exactly of the closed set: not of a class of somebody's."""
    if type(item) in (list, tuple, set, frozenset):
        return all(map(plain, item))  # type: ignore[call-overload]
    if type(item) is dict:
        return all(map(plain, item)) and all(map(plain, item.values()))
    return type(item) in CLOSED


samples = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
)


@given(st.one_of(st.binary(max_size=200), st.tuples(samples, st.binary(max_size=3), st.integers(0, 40))))
def test_whatever_is_decoded_is_of_the_closed_set(said: bytes | tuple[object, bytes, int]) -> None:
    """Random bytes, and items in which some are changed, which get further."""
    if isinstance(said, tuple):
        item, changed, at = said
        payload = bytearray(values.encode(item))
        payload[at : at + len(changed)] = changed
        said = bytes(payload)
    try:
        item = values.ValueDecoder().decode(said)
    except LoadError:
        return
    assert plain(item)


@pytest.mark.parametrize("text", ["popen", f"popen//python={BARE}"])
def test_error_texts_are_passed_on_as_they_are(gateways: Gateways, text: str) -> None:
    channel = gateways(text).remote_exec("raise ValueError('\\x1b[2J \\x07 \\u202e'.encode().decode())")
    with pytest.raises(RemoteError) as caught:
        channel.receive(PATIENCE_S)
    assert "\x1b[2J \x07" in str(caught.value)


def test_what_a_worker_prints_is_passed_on_as_it_is() -> None:
    program = """
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
gateway = begin(XSpec("popen//id=gw0")).finish()
gateway.remote_exec("import os; os.write(1, b'\\\\x1b[2J \\\\xff\\\\n')").waitclose(200)
gateway.exit()
assert gateway.wait(200) == 0
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"\x1b[2J \xff\n")


#: Writes into its own connection, as code there can.
GARBAGE = """
import os
for fd in map(int, os.listdir("/proc/self/fd")):
    try:
        if os.readlink("/proc/self/fd/%d" % fd).startswith("socket:"):
            os.write(fd, b"\\xff" * 5000)
    except OSError:
        pass
channel.receive()
"""


def test_a_hostile_worker_ends_its_own_connection_only(gateways: Gateways) -> None:
    good, bad = gateways(), gateways()
    echo = good.remote_exec("for item in channel: channel.send(item)")
    channels = [
        bad.remote_exec(
            "channel.receive()",
        )
        for _ in range(3)
    ]
    bad.remote_exec(GARBAGE)
    for channel in channels:  # whoever waits is woken
        with pytest.raises(EOFError, match="gw1"):
            channel.receive(PATIENCE_S)
    for number in range(100):
        echo.send(number)
        assert echo.receive(PATIENCE_S) == number
    assert gateways().remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


@pytest.mark.parametrize("text", ["popen", f"popen//python={BARE}"])
def test_nobody_inherits_a_connection(gateways: Gateways, text: str) -> None:
    """Neither what the worker starts nor what we start besides."""
    gateway = gateways(text)
    look = (
        "import os; paths = ['/proc/self/fd/' + name for name in os.listdir('/proc/self/fd')];"
        "print([path for path in paths if os.path.exists(path) and 'socket:' in os.readlink(path)])"
    )
    source = (
        "import subprocess, sys\n"
        f"command = [sys.executable, '-c', {look!r}]\n"
        "child = subprocess.Popen(command, stdout=subprocess.PIPE, close_fds=False)\n"
        "channel.send(bytearray(child.communicate()[0]))"
    )
    assert gateway.remote_exec(source).receive(PATIENCE_S) == b"[]\n"
    gateway_fds = {gateway.session.descriptors.write_fd, gateway.session.descriptors.read_fd}
    assert not any(map(os.get_inheritable, gateway_fds))


def test_channels_that_a_worker_opens_take_less_than_two_kibibytes_each(gateways: Gateways) -> None:
    gateway = gateways()
    channel = gateway.remote_exec(
        "channel.receive(); kept = [channel.gateway.newchannel() for _ in range(5000)]\n"
        "channel.send(kept)\nchannel.receive()"
    )
    gateway.remote_status()
    before_kb = memory_kb(os.getpid())
    channel.send(None)
    opened = channel.receive(PATIENCE_S)
    assert len(opened) == 5000
    assert memory_kb(os.getpid()) - before_kb < 5000 * 2


def test_five_thousand_error_texts_of_65_kb_each(gateways: Gateways) -> None:
    gateway = gateways()
    channel = gateway.remote_exec(
        "kept = [channel.gateway.newchannel() for _ in range(5000)]\n"
        "channel.send(kept)\n"
        "for one in kept: one.close('x' * 65_000 + ' the reason')\n"
        "channel.send(None)"
    )
    before_kb = memory_kb(os.getpid())
    opened = channel.receive(PATIENCE_S)
    assert channel.receive(PATIENCE_S) is None
    assert eventually(lambda: all(one.isclosed() for one in opened))
    grown_kb = memory_kb(os.getpid()) - before_kb
    assert grown_kb < 4 * 1024 + 5000 * (1 + 2) + 4 * 1024  # texts, channels, and what passes through
    with pytest.raises(RemoteError, match=r"the reason$"):
        opened[-1].waitclose(PATIENCE_S)


@pytest.mark.parametrize(
    ("item", "times"),
    [
        (1 << 80_000_000, 2.2),
        ("x" * 10_000_000, 1.1),
        ("\u4e2d" * 3_000_000, 3.1),
        ("\U0001f600" + "x" * 10_000_000, 5.1),
        ("x" * 10_000_000 + "\U0001f600", 5.1),
    ],
    ids=["number", "letters", "chinese", "one wide in front", "one wide at last"],
)
def test_one_large_number_or_text_while_it_is_decoded(item: object, times: float) -> None:
    payload = values.encode(item)
    decoder = values.ValueDecoder()
    tracemalloc.start()
    try:
        assert decoder.decode(payload) == item
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < times * len(payload)


def test_what_strangers_may_cost() -> None:
    assert (Limits().authentication_s, Limits().unauthenticated) == (10.0, 32)
    assert "MAX_CLIENTS, CLIENT_S, LINGER_S, POLL_MS = 512, 16, 10.0," in one_shot_server.SOURCE


def test_proofs_are_compared_in_constant_time() -> None:
    """Only ``hmac.compare_digest`` looks at one, but where Python 2 has none."""
    source = (SOURCES / "xnet-gateway/src/xnet_gateway/sockets/authentication.py").read_text(encoding="utf-8")
    compared = [
        node
        for tree in (ast.parse(source), ast.parse(one_shot_server.SOURCE))
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(inner, ast.Call) and "proof" in ast.unparse(inner) for inner in ast.walk(node))
    ]
    assert [ast.unparse(node) for node in compared] == []
    assert source.count("hmac.compare_digest(") == 2  # one for each side
    assert one_shot_server.SOURCE.count("hmac.compare_digest(") == 1


def test_secrets_that_are_made_have_32_random_bytes() -> None:
    made = []
    for _ in range(2):
        reception = Reception(Listen("127.0.0.1:0", secret_file=None, tls=None, timeout_s=1.0))
        made.append(bytes.fromhex(reception.secret.decode()))
        reception.end()
    assert [len(secret) for secret in made] == [32, 32]
    assert made[0] != made[1]
    assert installed.SECRET_BYTES == 32


def test_values_of_env_are_part_of_a_specification_and_of_errors_about_it(gateways: Gateways) -> None:
    text = "popen//python=/no/such//env:TOKEN=abc"
    assert "TOKEN=abc" in str(XSpec(text))
    with pytest.raises(HostNotFound, match="TOKEN=abc"):
        gateways(text)
