"""Texts with surrogates to a bare worker and back, on every interpreter; and keys that are one as text.

Spec: VA-006, VA-010, VA-011, VA-013, VA-014, VA-027, VA-031, CH-042.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bare_helpers import RawWorker, frame, load_here
from bare_strategies import exactly
from gateway_helpers import PATIENCE_S
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_wire import frames, values
from xnet_wire.errors import DumpError, ValueFormatError
from xnet_wire.messages import ExecRequest, Hello, encode_exec

ODD: list[Any] = [
    "\ud800", "a\udcffb", "\udfff\ud800", "\ud83d\ude00", "\ud800\U0001f600\ud83d\ude00", "\udc80" * 100_000,
    ["x", {"\udcff": ("\ud800",)}, {"\udfff"}, frozenset({("\ud83d\ude00",)})],
    {"\U0001f600": 1, "\ud83d\ude00": 2, "\ud83d": 3},
]  # fmt: skip

bare = load_here()
encode_odd = partial(values.encode, surrogates=True)
odd_texts = st.text(
    st.one_of(st.characters(categories=["Cs"]), st.sampled_from("a\xe9\U0001f600")), max_size=5
)
odd_items = st.recursive(
    st.one_of(odd_texts, st.integers(), st.binary(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(odd_texts, inner, max_size=3)),
    max_leaves=8,
)


class TestOnEveryInterpreter:
    def test_va_013_they_come_back_as_they_were(self, worker: Gateway) -> None:
        channel = worker.remote_exec("for item in channel: channel.send(item)")
        for item in ODD:
            channel.send(item)
            back = channel.receive(PATIENCE_S)
            if type(item) is dict:  # Python 2.7 keeps no order
                back = {key: back[key] for key in item}
            assert exactly(back) == exactly(item)

    def test_they_are_made_there(self, worker: Gateway) -> None:
        source = "channel.send(u'a\\udcff'); channel.send_many([{u'\\ud800': u'\\ud800x'}, 1])"
        channel = worker.remote_exec(source)
        assert [channel.receive(PATIENCE_S) for _ in range(3)] == ["a\udcff", {"\ud800": "\ud800x"}, 1]

    def test_they_may_be_arguments(self, worker: Gateway) -> None:
        def count(channel, item, key):  # type: ignore[no-untyped-def]
            channel.send((len(item[key]), item))

        item = {"k\udc80": "\udcff\ud800"}
        assert worker.remote_exec(count, item=item, key="k\udc80").receive(PATIENCE_S) == (2, item)

    def test_va_031_flags_make_bytes_of_them(self, worker: Gateway) -> None:
        channel = worker.remote_exec(
            "channel.reconfigure(py3str_as_py2str=True); channel.send(0); item = channel.receive();"
            " channel.send(type(item) is bytes and bytearray(item))"
        )
        assert channel.receive(PATIENCE_S) == 0
        channel.send("a\udcff")
        assert channel.receive(PATIENCE_S) == b"a\xed\xb3\xbf"

    def test_va_006_they_are_refused_if_the_initiator_does_not_take_them(self, version: str) -> None:
        source = (
            "try: channel.send([0, u'\\udcff'])\n"
            "except Exception as error: channel.send((type(error).__name__, str(error)))"
        )
        with RawWorker(version) as worker:
            worker.greet(Hello("a test", features=("python.strings",)))
            worker.say(frame(frames.CHANNEL_EXEC, 1, encode_exec(ExecRequest(source))))
            frame_type, _, payload = worker.hear()
            assert frame_type == frames.CHANNEL_DATA
            name, text = values.ValueDecoder().decode(payload)
            assert name == "DumpError"
            assert "at [1]" in text

    def test_ch_042_the_text_of_an_error_has_them_replaced(self, worker: Gateway) -> None:
        source = "inner = channel.gateway.newchannel(); channel.send(inner); inner.close(u'a\\ud800b')"
        inner = worker.remote_exec(source).receive(PATIENCE_S)
        with pytest.raises(RemoteError, match=r"a\?b"):
            inner.waitclose(PATIENCE_S)

    def test_dumps_has_no_form_for_them(self, worker: Gateway) -> None:
        if worker._rinfo().version_info[0] == 2:
            pytest.skip("in Python 2 they are no error of UTF-8")
        source = (
            "from xnet_bare_worker import dumps, errors\n"
            "try: dumps.dumps([u'\\udcff'])\n"
            "except errors.DumpError as error: channel.send(str(error))"
        )
        assert "can't serialize" in worker.remote_exec(source).receive(PATIENCE_S)


def test_va_011_keys_that_only_python_2_tells_apart(worker: Gateway) -> None:
    """As text they are one, which no receiver would take: the connection would end."""
    if worker._rinfo().version_info[0] > 2:
        pytest.skip("is about Python 2")
    source = r"""
import warnings
warnings.simplefilter("ignore")
texts = []
for item in (
    {"\xe9": 1, u"\xe9": 2}, [set(["\xe9", u"\xe9"])], {("\xe9", 1): 1, (u"\xe9", 1): 2},
):
    try: channel.send(item)
    except Exception as error: texts.append(str(error))
channel.send(texts)
channel.send([{"\xe9": 1, u"\xe8": 2, ("\xe9",): 3, 4: 5}, frozenset(["a", u"\xe9"])])
"""
    channel = worker.remote_exec(source)
    texts = channel.receive(PATIENCE_S)
    assert len(texts) == 3
    for text, words in zip(texts, ("a dict in which two keys", "a set in which two", "a dict"), strict=True):
        assert words in text
        assert "become equal" in text
    assert channel.receive(PATIENCE_S) == [
        {"\xe9": 1, "\xe8": 2, ("\xe9",): 3, 4: 5}, frozenset({"a", "\xe9"}),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def taken() -> Iterator[None]:
    bare.PEER_FEATURES.add("surrogates")
    yield
    bare.PEER_FEATURES.clear()


@pytest.mark.usefixtures("taken")
class TestCodec:
    """The worker's codec in this process, against the one of the packages."""

    @given(odd_items)
    def test_the_same_bytes(self, item: Any) -> None:
        assert bare.encode(item) == encode_odd(item)
        assert exactly(bare.decode(bare.make_table(True, False, None), encode_odd(item))) == exactly(item)

    @given(
        st.one_of(st.binary(max_size=8), odd_texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
    )
    def test_va_027_the_same_verdict(self, content: bytes) -> None:
        for flags in ((True, False), (False, True)):
            data = b"\xd9\xe4\x24" + values.encode(content)
            try:
                wanted = values.ValueDecoder().decode(data, flags)
            except ValueFormatError:
                with pytest.raises(bare.Malformed):
                    bare.decode(bare.make_table(*flags, None), data)
            else:
                assert bare.decode(bare.make_table(*flags, None), data) == wanted

    @pytest.mark.parametrize("content", ["6161", "01", "80", "f6"])
    def test_va_027_the_content_is_bytes(self, content: str) -> None:
        with pytest.raises(bare.Malformed):
            bare.decode(bare.make_table(True, False, None), bytes.fromhex("d9e424" + content))

    def test_va_023_the_tag_takes_a_level(self) -> None:
        assert bare.encode(["\ud800"], 2) == encode_odd(["\ud800"])
        with pytest.raises(bare.DumpError):
            bare.encode(["\ud800"], 1)
        with pytest.raises(DumpError):
            encode_odd([["\ud800"]] * 1, max_depth=2)

    def test_beside_what_stands_for_a_value(self) -> None:
        item = [type("str", (str,), {})("\udcff"), {type("str", (str,), {})("k\ud800"): 1}]
        assert bare.encode(item) == encode_odd(["\udcff", {"k\ud800": 1}]) == encode_odd(item)
