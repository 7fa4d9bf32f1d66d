"""How the bare worker gets into an interpreter."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bare_helpers import PREAMBLE, WANTED, BareGateways, command
from gateway_helpers import PATIENCE_S
from xnet_gateway.bare import bootstrap, worker
from xnet_wire import frames, messages

#: What it may grow to before somebody has to think about it (docs/decisions/0041).
BUDGET_BYTES = 36 * 1024


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
            blob = bootstrap.first_bytes()
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
                input=bootstrap.first_bytes()[:size],
                capture_output=True,
                timeout=PATIENCE_S,
                check=False,
            )
            assert result.stdout == b""
            assert not result.returncode or result.stderr


class TestBlob:
    def test_it_is_small(self) -> None:
        assert len(bootstrap.first_bytes()) <= BUDGET_BYTES

    def test_it_is_made_once(self) -> None:
        assert bootstrap.first_bytes() is bootstrap.first_bytes()
        assert bootstrap.first_bytes(here=True) is bootstrap.first_bytes(here=True)

    @pytest.mark.parametrize("version", WANTED)
    def test_compiled_code_is_for_those_that_understand_it(self, version: str) -> None:
        blob = bootstrap.first_bytes(here=True)
        assert len(bootstrap.first_bytes()) < len(blob) < 16 * BUDGET_BYTES
        result = subprocess.run(
            command(version), input=blob, capture_output=True, timeout=PATIENCE_S, check=True
        )
        assert result.stdout.startswith(PREAMBLE)
        assert result.stderr == b""

    def test_it_says_how_long_it_is(self) -> None:
        for here in (False, True):
            blob = bootstrap.first_bytes(here)
            second = blob[6 : 6 + int(blob[:6])]
            compile(second, "second", "exec")
            sizes = sum(int(size) for size in re.findall(rb"\br\((\d+)\)", second))
            assert len(blob) == 6 + len(second) + sizes

    @pytest.mark.parametrize("version", WANTED)
    def test_the_modules_arrive_as_they_are(self, bare: BareGateways, version: str) -> None:
        """All but the depth of indentation, which nothing depends on."""
        source = "from xnet_bare_worker import sources\nbundle = sources.BUNDLE[0]\n"
        source += "channel.send([(name, bundle.source(name)) for name in bundle.names])"
        texts = dict(bare(version).remote_exec(source).receive(PATIENCE_S))
        assert texts.keys() == bootstrap.WORKER.texts().keys()
        for name, text in bootstrap.WORKER.texts().items():
            assert len(texts[name].split("\n")) == len(text.split("\n"))
            assert ast.dump(ast.parse(texts[name])) == ast.dump(ast.parse(text)), name


class TestModules:
    def test_they_are_those_of_the_folder(self) -> None:
        folder = Path(worker.__file__).parent
        names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
        assert sorted(names) == sorted(bootstrap.WORKER.modules)

    @pytest.mark.parametrize("name", bootstrap.WORKER.modules)
    def test_each_can_be_imported_alone(self, name: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", f"import {bootstrap.WORKER.package}.{name}"],
            capture_output=True,
            timeout=PATIENCE_S,
            check=True,
        )
        assert done.stderr == b""

    def test_what_has_newer_syntax_is_said_to_have(self) -> None:
        """All others can be read by Python 2.7, if there is one."""
        for name, text in bootstrap.WORKER.texts().items():
            assert ("async def" in text or "await " in text) == (name == "coroutines")

    @pytest.mark.parametrize("version", WANTED)
    def test_what_is_usual_needs_what_is_executed_at_once(self, bare: BareGateways, version: str) -> None:
        """Else more would be compiled than a short execution needs."""
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
    channel.send(sorted(sys.modules["xnet_bare_worker"].sources.BUNDLE[0].loaded))
"""
        request = messages.encode_exec(messages.ExecRequest(source, None, "usual", {"number": 1}))
        channel = worker.session.request(frames.CHANNEL_EXEC, request)
        for number in range(100, -1, -1):
            channel.send(number)
            assert channel.receive(PATIENCE_S) == number + 1
        assert channel.receive(PATIENCE_S) == sorted(bootstrap.WORKER.at_once("start"))
        channel.waitclose(PATIENCE_S)

    @pytest.mark.parametrize("version", WANTED)
    def test_several_threads_want_them_at_once(self, bare: BareGateways, version: str) -> None:
        source = """
import sys, threading
results = []
package = sys.modules["xnet_bare_worker"]
go = threading.Event()
def use(call):
    go.wait()
    results.append(call())
calls = [
    lambda: package.explaining.short(5), lambda: channel.makefile("r").readable(),
    lambda: channel.gateway.execmodel.backend,
] * 4
threads = [threading.Thread(target=use, args=(call,)) for call in calls]
for thread in threads: thread.start()
go.set()
for thread in threads: thread.join()
channel.send(results)
"""
        results = bare(version).remote_exec(source).receive(PATIENCE_S)
        assert sorted(map(str, results)) == ["5"] * 4 + ["True"] * 4 + ["thread"] * 4

    @pytest.mark.parametrize("version", ["2.7", "3.8"])
    def test_forked_children_do_not_wait_for_threads_that_load(
        self, bare: BareGateways, version: str
    ) -> None:
        """Such a thread is not in the child, which then uses modules of its own."""
        source = """
import os, sys, threading
package = sys.modules["xnet_bare_worker"]
inside, go, evaluate = threading.Event(), threading.Event(), package.execute
def slow(code, namespace):
    inside.set()
    go.wait()
    return evaluate(code, namespace)
package.execute = slow
thread = threading.Thread(target=lambda: package.dumps.dumps)
thread.start()
inside.wait()
package.execute = evaluate
reader, writer = os.pipe()
if not os.fork():
    os.write(writer, package.explaining.short(7).encode("ascii"))
    os._exit(0)
channel.send(os.read(reader, 9).decode("ascii"))
go.set()
thread.join()
"""
        assert bare(version).remote_exec(source).receive(PATIENCE_S) == "7"
