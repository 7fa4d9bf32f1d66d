"""Sources that are in no file, or are no strings: what doctests, prompts and template libraries give."""

from __future__ import annotations
import __future__

import collections
import doctest
import linecache
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from xnet_channel.threads.errors import RemoteError
from xnet_gateway.remote_source import make_request
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module", params=["popen", f"popen//python={sys.executable}"])
def gateway(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = begin(XSpec(f"{request.param}//id=odd")).finish()
    yield made
    made.exit()
    if not made._wait_ended(time.monotonic() + 200):
        made._kill()


DOCTEST = """
>>> def f(channel, value=1):
...     channel.send(value)
>>> (gateway.remote_exec(f).receive(200), gateway.remote_exec(f, value=3).receive(200))
(1, 3)
>>> class Holder:
...     @staticmethod
...     def static(channel):
...         channel.send("static")
>>> gateway.remote_exec(Holder.static).receive(200)
'static'
>>> def fails(channel):
...     # The failing line is the third.
...     raise ValueError("on purpose")
>>> try:
...     gateway.remote_exec(fails).waitclose(200)
... except RemoteError as error:
...     print(error)  # doctest: +ELLIPSIS
Traceback (most recent call last):
  File "<doctest the-example[...]>", line 3, in fails
    raise ValueError("on purpose")
ValueError: on purpose
<BLANKLINE>
>>> def fails(channel):
...     raise KeyError(1)
>>> def annotated(channel: Channel):
...     channel.send("annotated")
>>> gateway.remote_exec(annotated).receive(200)
'annotated'
>>> gateway.remote_exec(lambda channel: None)
Traceback (most recent call last):
ValueError: remote_exec() cannot send <lambda>() of <doctest the-example[...]>:1: a lambda is part of \
another statement; write it as a def, or send source text
"""


def test_functions_of_doctests(gateway: Any) -> None:
    text = DOCTEST.replace("\\\n", "")
    names = {"gateway": gateway, "RemoteError": RemoteError, "annotations": __future__.annotations}
    example = doctest.DocTestParser().get_doctest(text, names, "the-example", None, None)
    words: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(example, out=words.append) == (0, 10), "".join(words)


@pytest.mark.parametrize("name", ["<ipython-input-1-0a1b2c3d>", "/tmp/ipykernel_17/3141592653.py"])
def test_functions_typed_into_a_program_that_keeps_what_was_typed(gateway: Any, name: str) -> None:
    """IPython and the prompt of Python 3.13 note it in `linecache`."""
    for value in (1, 2):
        source = (
            f"value = {value}\nif value:\n    def f(channel):\n        channel.send({value})\n        1 / 0\n"
        )
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
        namespace: dict[str, Any] = {}
        exec(compile(source, name, "exec"), namespace)
        channel = gateway.remote_exec(namespace["f"])
        assert channel.receive(200) == value
        with pytest.raises(channel.RemoteError) as caught:
            channel.waitclose(200)
        assert f'File "{name}", line 5, in f\n    1 / 0\n' in str(caught.value)
        del linecache.cache[name]


class Markup(str):
    """As markupsafe and Django have it: text whose methods give the same type again."""

    __slots__ = ()

    def __str__(self) -> Markup:
        return self

    def __getitem__(self, key: Any) -> Markup:
        return Markup(super().__getitem__(key))


class Lazy:
    """As py.code.Source or a lazy translation: no string, but it says what its text is."""

    def __str__(self) -> str:
        return "\n    channel.send(1)\n"


@pytest.mark.parametrize("make", [Markup, collections.UserString, lambda text: Lazy()])
def test_text_that_is_not_a_str(gateway: Any, make: Callable[[str], Any]) -> None:
    assert type(make_request(make("\n    channel.send(1)\n"), {}).source) is str
    assert gateway.remote_exec(make("\n    channel.send(1)\n")).receive(200) == 1
    with pytest.raises(TypeError, match="got the arguments a but no function"):
        make_request(make("channel.send(a)"), {"a": 1})


def test_a_function_without_a_file_in_a_program_without_one() -> None:
    """Python 3.13 keeps the program of `python -c` under the name that the text of `exec` has as well."""
    program = (
        "def f(channel): channel.send('of the program')\n"
        "from xnet_gateway.remote_source import make_request\n"
        "namespace = {'__name__': 'other'}\n"
        "exec('def f(channel): channel.send(1)', namespace)\n"
        "try: print(make_request(namespace['f'], {}))\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "its source file cannot be found, it was made from '<string>'" in done.stdout
