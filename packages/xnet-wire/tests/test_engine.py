from __future__ import annotations

import subprocess
import sys
import threading
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from xnet_wire import engine


def run(program: str) -> str:
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_the_wire_imports_nothing_slow() -> None:
    slow = ["typing", "re", "contextlib", "dataclasses", "enum", "inspect", "json", "socket", "threading"]
    program = f"""
import sys
before = set(sys.modules)
import xnet_wire.values, xnet_wire.frames, xnet_wire.messages, xnet_wire.trace
print(sorted((set(sys.modules) - before) & set({slow!r})))
"""
    assert run(program) == "[]"


def test_cbor2_works_as_ever_when_imported_later() -> None:
    program = """
from xnet_wire import engine
import sys
assert "cbor2" not in sys.modules
import cbor2
assert cbor2.CBORTag is engine.CBORTag
assert cbor2.loads(cbor2.dumps([1, {2: cbor2.CBORTag(4000, "x")}])) == [1, {2: cbor2.CBORTag(4000, "x")}]
print(cbor2.dumps is engine.dumps)
"""
    assert run(program) == "True"


def test_a_cbor2_that_is_there_already_is_used() -> None:
    program = "import cbor2; from xnet_wire import engine; print(cbor2.loads is engine.loads)"
    assert run(program) == "True"


def test_without_a_compiled_part_to_find_the_package_is_imported() -> None:
    program = """
import sys
asked = []
class Old:
    @staticmethod
    def find_module(name, path=None):
        return None
class Hiding:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "cbor2._cbor2" and not asked:
            asked.append(name)
            raise ImportError("not this way")
sys.meta_path[:0] = [Old, Hiding]
from xnet_wire import engine
import cbor2
print(cbor2.loads is engine.loads, asked, engine._find_spec("nowhere_at_all", None))
"""
    assert run(program) == "True ['cbor2._cbor2'] None"


class Finder(Loader):
    """Finds a package cbor2, and in it an extension that cannot be loaded as it should be."""

    def __init__(self, found: list[str], made: ModuleType | None = None) -> None:
        self._found = found
        self._made = made

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        is_package = name == "cbor2"
        return (
            ModuleSpec(name, None if is_package else self, is_package=is_package)
            if name in self._found
            else None
        )

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._made

    def exec_module(self, module: ModuleType) -> None:
        raise ImportError("of another Python")


@pytest.mark.parametrize("found", [[], ["cbor2"], ["cbor2", "cbor2._cbor2"]])
def test_an_extension_that_is_not_to_be_had_is_no_error(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "meta_path", [Finder(found)])
    assert engine._load_extension() is None


def test_an_extension_that_does_not_load_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = Finder(["cbor2", "cbor2._cbor2"], ModuleType("cbor2._cbor2"))
    monkeypatch.setattr(sys, "meta_path", [finder])
    monkeypatch.delitem(sys.modules, "cbor2._cbor2", raising=False)
    with pytest.raises(ImportError, match="of another Python"):
        engine._load_extension()
    assert "cbor2._cbor2" not in sys.modules


def test_many_threads_encode_and_decode_at_once() -> None:
    from xnet_wire.values import ValueDecoder, encode

    decoder = ValueDecoder()
    samples = [[i, {"n": [i, (i, str(i))], "neg": -i}, [[]] * (i % 7)] for i in range(50)]
    expected = [encode(sample) for sample in samples]
    start = threading.Barrier(8)
    wrong: list[object] = []

    def work() -> None:
        start.wait(200)
        for _ in range(40):
            for sample, data in zip(samples, expected, strict=True):
                if encode(sample) != data or decoder.decode(data) != sample:
                    wrong.append(sample)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(200)
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_the_names_are_there() -> None:
    assert engine.loads(engine.dumps({"a": [1]})) == {"a": [1]}
    assert engine.loads(engine.dumps(engine.CBORTag(4000, 1))).tag == 4000


def test_without_cbor2_the_exact_codec_does_everything() -> None:
    """As in a zip, out of which nothing compiled can be loaded. The same bytes, items and errors."""
    program = r"""
import sys
class Blocking:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "cbor2":
            raise ImportError("not here")
if sys.argv[1:]:
    sys.meta_path.insert(0, Blocking)
from xnet_wire import engine
from xnet_wire.errors import DumpError, ValueFormatError
from xnet_wire.values import ValueDecoder, encode, encode_batch
print(engine.dumps.__module__ == "xnet_wire.engine", file=sys.stderr)
items = [None, True, 1, -1, 2**70, 1.5, "x", b"y", [1, [2]], (1, (2,)), {"a": {1: (2,)}, (3,): None}]
items += [{1, 2}, 1j, "z" * 99999]
decoder = ValueDecoder()
for item in items:
    data = encode(item)
    print(data.hex()[:80], repr(decoder.decode(data))[:80])
print(decoder.decode_batch(encode_batch([encode(1), encode("b")])))
for function, item in ((encode, [object()]), (decoder.decode, b"\x83\x01"), (decoder.decode, b"\xf7")):
    try:
        function(item)
    except (DumpError, ValueFormatError) as error:
        print(error)
"""
    found = [
        subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
        for words in ([], ["without"])
    ]
    assert found[0].stdout == found[1].stdout
    assert [done.stderr.strip() for done in found] == ["False", "True"]
