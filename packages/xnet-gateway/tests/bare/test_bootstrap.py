"""How the bare worker gets into an interpreter."""

from __future__ import annotations

import ast
import shlex
import subprocess
import zlib

import pytest

from bare_helpers import PREAMBLE, WANTED, BareGateways, command
from gateway_helpers import PATIENCE_S
from xnet_gateway.bare import bootstrap
from xnet_gateway.bundle import without_comments
from xnet_wire import frames, messages

#: What it may grow to before somebody has to think about it. It was 32 KiB. What stands for values, and texts
#: with surrogates, took 1.5 more; going on with a changed sys.path, errors that nobody sees, turns of senders
#: and the room on the stack took 3; errors as data, cancelling and requests that follow took 1.5, nearly all
#: of which is compiled when it is first needed.
BUDGET_BYTES = 39 * 1024
#: The decorator of what is compiled later.
LATER = ast.Name("later", ast.Load())


class TestFirstLine:
    def test_it_passes_any_number_of_shells(self) -> None:
        assert set(bootstrap.FIRST_LINE) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;()="
        )
        printed = subprocess.run(
            ["sh", "-c", f"sh -c 'printf %s \"{bootstrap.FIRST_LINE}\"'"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        assert printed.stdout == bootstrap.FIRST_LINE

    def test_it_fits_a_line(self) -> None:
        assert len(bootstrap.FIRST_LINE) <= 80

    @pytest.mark.parametrize("version", WANTED)
    def test_hs_001_through_a_shell_and_byte_by_byte(self, version: str) -> None:
        """Spec: HS-001. However reads split it, and whatever follows it at once."""
        python, *_, line = command(version)
        with subprocess.Popen(
            ["sh", "-c", f'{shlex.quote(python)} -c "{line}"'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            blob = bootstrap.blob()
            for size in [1] * 400 + [3000] * len(blob):
                if not blob:
                    break
                process.stdin.write(blob[:size])
                blob = blob[size:]
            assert process.stdout.read(len(PREAMBLE)) == PREAMBLE
            process.stdin.close()
            assert process.wait(PATIENCE_S) == 0

    def test_an_input_that_ends_early_ends_the_interpreter(self) -> None:
        for size in (0, 3, 100, 10_000):
            result = subprocess.run(
                command("3.11") if size else command("2.7"),
                input=bootstrap.blob()[:size],
                capture_output=True,
                timeout=PATIENCE_S,
                check=False,
            )
            assert result.stdout == b""
            assert not result.returncode or result.stderr


class TestBlob:
    def test_it_is_small(self) -> None:
        assert len(bootstrap.blob()) <= BUDGET_BYTES

    def test_it_is_made_once(self) -> None:
        assert bootstrap.blob() is bootstrap.blob()
        assert bootstrap.blob(here=True) is bootstrap.blob(here=True)

    @pytest.mark.parametrize("version", WANTED)
    def test_compiled_code_is_for_those_that_understand_it(self, version: str) -> None:
        blob = bootstrap.blob(here=True)
        assert len(bootstrap.blob()) < len(blob) < 16 * BUDGET_BYTES
        result = subprocess.run(
            command(version), input=blob, capture_output=True, timeout=PATIENCE_S, check=True
        )
        assert result.stdout.startswith(PREAMBLE)
        assert result.stderr == b""

    def test_sizes_are_right(self) -> None:
        blob = bootstrap.blob()
        second = blob[6 : 6 + int(blob[:6])]
        assert second.startswith(b"import sys,gc\ngc.disable()\nimport zlib;s=zlib.decompress(r(")
        compressed = blob[6 + len(second) :]
        assert b"r(%d)" % len(compressed) in second
        first, rest = zlib.decompress(compressed).decode("ascii").split("$")
        assert (first, rest) == bootstrap.take_apart(without_comments(bootstrap.source()))


class TestTakeApart:
    def test_the_parts_are_the_whole(self) -> None:
        """Every function is in one of the two, at its line; those that are marked are in the rest."""
        text = without_comments(bootstrap.source())
        whole, first, rest = map(functions, (text, *bootstrap.take_apart(text)))
        marked = {name for name, (mark, _) in whole.items() if mark}
        assert len(marked) > 50
        assert rest.keys() == marked
        assert first.keys() == whole.keys() - marked
        assert {name: code for name, (_, code) in whole.items()} == {
            name: code for name, (_, code) in [*first.items(), *rest.items()]
        }

    def test_a_name_stays_in_the_place_of_each(self) -> None:
        text = "a\n@later\n@two\ndef f(x):\n  1\n\n  2\n"
        text += "class C(D):\n  z\n  @later\n  def m(self):\n    3\n  y\nb"
        first, rest = bootstrap.take_apart(text)
        assert first == 'a\n\n\nf = Later("f")\n\n\n\nclass C(D):\n  z\n\n  m = Later("m")\n\n  y\nb'
        assert rest == "\n\n@two\ndef f(x):\n  1\n\n  2\nclass C(D):\n\n\n  def m(self):\n    3\n\n"

    @pytest.mark.parametrize("version", WANTED)
    def test_what_is_usual_needs_no_rest(self, bare: BareGateways, version: str) -> None:
        """Else two parts would be compiled instead of one."""
        worker = bare(version)
        worker._rinfo()
        worker.remote_status()
        source = """
def usual(channel, number):
    import sys
    for item in channel:
        channel.send(item + number)
        if not item:
            break
    channel.send(len(sys.modules["xnet_bare_worker"].REST))
"""
        request = messages.encode_exec(messages.ExecRequest(source, None, "usual", {"number": 1}))
        channel = worker.session.request(frames.CHANNEL_EXEC, request)
        for number in range(100, -1, -1):
            channel.send(number)
            assert channel.receive(PATIENCE_S) == number + 1
        assert channel.receive(PATIENCE_S) == 1
        channel.waitclose(PATIENCE_S)

    @pytest.mark.parametrize("version", WANTED)
    def test_several_threads_want_the_rest_at_once(self, bare: BareGateways, version: str) -> None:
        source = """
import sys, threading
results = []
module = sys.modules["xnet_bare_worker"]
go = threading.Event()
def use(call):
    go.wait()
    results.append(call())
calls = [
    lambda: module.short(5), lambda: channel.makefile("r").readable(), lambda: module.ExecModel("x").backend,
    lambda: channel._link.problem_locked(channel._state),
] * 4
threads = [threading.Thread(target=use, args=(call,)) for call in calls]
for thread in threads: thread.start()
go.set()
for thread in threads: thread.join()
channel.send([result for result in results if result is not None])
channel.send((len(module.REST), type(module.short).__name__, type(module.Link.__dict__["on_part"]).__name__))
"""
        channel = bare(version).remote_exec(source)
        results = channel.receive(PATIENCE_S)
        assert sorted(map(str, results)) == ["5"] * 4 + ["True"] * 4 + ["x"] * 4
        assert channel.receive(PATIENCE_S) == (0, "function", "function")

    def test_an_interrupt_meanwhile_leaves_no_half(self, bare: BareGateways) -> None:
        """It comes when everything is in its place."""
        source = """
import os, signal, sys
module = sys.modules["xnet_bare_worker"]
compiling = module.execute
def execute(*arguments):
    os.kill(os.getpid(), signal.SIGINT)
    compiling(*arguments)
module.execute = execute
try:
    module.short(1)
    channel.send("no interrupt")
except KeyboardInterrupt:
    channel.send((len(module.REST), module.short(1)))
"""
        assert bare("3.8").remote_exec(source).receive(PATIENCE_S) == (0, "1")


def functions(text: str) -> dict[str, tuple[bool, str]]:
    """Return each function by its full name: whether it is marked, or its class is; its line and code."""
    found: dict[str, tuple[bool, str]] = {}

    def visit(body: list[ast.stmt], prefix: str, marked: bool) -> None:
        for node in body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef):
                continue
            others = [one for one in node.decorator_list if ast.dump(one) != ast.dump(LATER)]
            mark = marked or others != node.decorator_list
            node.decorator_list = others
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.", mark)
            else:
                found[prefix + node.name] = (mark, f"{node.lineno} {ast.dump(node)}")

    visit(ast.parse(text).body, "", marked=False)
    return found
