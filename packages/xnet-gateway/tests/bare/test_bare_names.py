"""What code that imports execnet finds in a bare worker: names, dumps, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bare_helpers import BareGateways, load_here
from bare_strategies import exactly, items
from gateway_helpers import PATIENCE_S
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_wire.dump_format import dumps, loads
from xnet_wire.errors import DumpError, LoadError

here = load_here()
SAMPLES: list[Any] = [
    None,
    True,
    0,
    -(2**31),
    2**31 - 1,
    2**31,
    -(2**70),
    1.5,
    2j,
    b"\x00\xff",
    "h\xe9\u20ac",
    [1, [2]],
]
SAMPLES += [(), (1, (2,)), {"a": {1: None}}, {1}, frozenset([b"x"])]
#: What looks like a dump more often than chance would have it.
opcodes = st.sampled_from([bytes([n]) for n in b"@ABCDEFGHIJKLMNOPQRST"])
counts = st.integers(-2, 5).map(lambda n: n.to_bytes(4, "big", signed=True))
almost_dumps = st.lists(st.one_of(opcodes, counts, st.binary(max_size=3)), max_size=20).map(b"".join)


def outcome(load: Callable[[bytes], Any], error: type[Exception], data: bytes) -> Any:
    try:
        return exactly(load(b"\x02" + data))
    except (EOFError, error):
        return "refused"


@pytest.fixture
def aliased(bare: BareGateways, version: str) -> Gateway:
    return bare(version, alias=True)


class TestDumps:
    @given(items)
    def test_the_same_bytes_as_from_the_packages(self, item: Any) -> None:
        assert here.dumps(item) == dumps(item)
        assert exactly(here.loads(here.dumps(item))) == exactly(item)

    @given(almost_dumps)
    def test_damaged_ones_end_as_with_the_packages(self, data: bytes) -> None:
        assert outcome(here.loads, here.LoadError, data) == outcome(loads, LoadError, data)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x01LQ",
            b"\x02K\x7f\xff\xff\xffQ",  # a list that claims what it has not
            b"\x02A\x7f\xff\xff\xffx",
            b"\x02L" + b"@\x00\x00\x00\x01" * 100_000 + b"Q",  # Python would hash it on the stack of C
            b"\x02" + b"J" * 100_000,
            b"\x02JKK" + b"\x00" * 8 + b"PQ",
        ],
    )
    def test_what_is_hostile_is_refused(self, data: bytes) -> None:
        with pytest.raises((EOFError, here.LoadError)):
            here.loads(data)

    @pytest.mark.parametrize(
        "item", [object(), [print], "\ud800", {1: {2: bytearray()}}, type("S", (str,), {})()]
    )
    def test_what_cannot_be_dumped(self, item: Any) -> None:
        for dump, error in ((dumps, DumpError), (here.dumps, here.DumpError)):
            with pytest.raises(error):
                dump(item)

    def test_a_list_that_contains_itself(self) -> None:
        endless: list[Any] = []
        endless.append(endless)
        with pytest.raises(here.DumpError, match="nested too deeply, or contains itself"):
            here.dumps(endless)

    def test_on_every_interpreter(self, aliased: Gateway, version: str) -> None:
        source = """
import io
from execnet.gateway_base import dump, dumps, load, loads, DumpError
for item in channel:
    stream = io.BytesIO()
    dump(stream, item)
    assert stream.getvalue() == dumps(item)
    stream.seek(0)
    assert load(stream) == loads(dumps(item)) == item
    channel.send((bytearray(dumps(item)), item))
"""
        channel = aliased.remote_exec(source)
        for sample in SAMPLES:
            channel.send(sample)
            data, item = channel.receive(PATIENCE_S)
            assert exactly(loads(data, py2str_as_py3str=version != "2.7")) == exactly(sample)
            if version != "2.7":
                assert data == dumps(sample)
                assert exactly(item) == exactly(sample)


class TestNames:
    def test_hs_020_the_alias_gives_our_classes(self, aliased: Gateway) -> None:
        source = """
import execnet
import execnet.gateway_base as base
from execnet.gateway_base import DumpError
from execnet import Channel, RemoteError
assert isinstance(channel, Channel) and base.Channel is Channel and execnet.gateway_base is base
assert issubclass(DumpError, execnet.DataFormatError)
assert issubclass(execnet.LoadError, execnet.DataFormatError)
assert base.get_execmodel("thread").backend == channel.gateway.execmodel.backend
try:
    channel.send(object())
except DumpError:
    channel.send(RemoteError is channel.RemoteError and execnet.__version__ >= "2")
"""
        assert aliased.remote_exec(source).receive(PATIENCE_S) is True

    @pytest.mark.parametrize("name", ["makegateway", "Group", "RSync", "gateway_base.ChannelFactory"])
    def test_others_are_refused_with_a_sentence(self, aliased: Gateway, name: str) -> None:
        """Where execnet is not installed, as in an interpreter that finds nothing at all."""
        source = f"import sys, execnet\nsys.path[:] = []\nexecnet.{name}"
        with pytest.raises(
            RemoteError, match=r"AttributeError: execnet.*has neither xnet nor execnet installed"
        ):
            aliased.remote_exec(source).waitclose(PATIENCE_S)

    def test_the_rest_is_in_execnet_itself(self, aliased: Gateway, tmp_path: Path) -> None:
        """A stand-in for execnet, which not every interpreter here has."""
        (tmp_path / "execnet").mkdir()
        init = "from execnet.gateway_base import RemoteError\nrest = 'the rest'\n"
        (tmp_path / "execnet" / "__init__.py").write_text(init)
        base = "class RemoteError(Exception): pass\nmore = 1\ndef dumps(x): return b'dumped'\n"
        (tmp_path / "execnet" / "gateway_base.py").write_text(base)
        source = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import execnet
from execnet.gateway_base import dumps
assert execnet.rest == "the rest" and execnet.gateway_base.more == 1
assert execnet.RemoteError is channel.RemoteError and dumps(None) != b"dumped"
assert sys.modules["execnet"] is execnet
try:
    execnet.nothing
except AttributeError:
    channel.send("none")
"""
        assert aliased.remote_exec(source).receive(PATIENCE_S) == "none"

    def test_without_the_alias_there_is_nothing(self, bare: BareGateways, version: str) -> None:
        source = "import sys\nchannel.send([name for name in sys.modules if name.startswith('execnet')])"
        assert bare(version).remote_exec(source).receive(PATIENCE_S) == []
        assert bare(version, alias=False).remote_exec(source).receive(PATIENCE_S) == []

    def test_the_plugin_that_workers_of_pytest_are_told_to_load(self, aliased: Gateway) -> None:
        source = "import xnet.xdist, sys\n"
        source += "channel.send((xnet.xdist is sys.modules['xnet.xdist'], xnet.xdist.__doc__))"
        assert aliased.remote_exec(source).receive(PATIENCE_S) == (True, "PYTEST_DONT_REWRITE")
