"""How the bare worker gets into an interpreter."""

from __future__ import annotations

import ast
import shlex
import subprocess
import zlib

import pytest

from bare_helpers import PREAMBLE, WANTED, command
from gateway_helpers import PATIENCE_S
from xnet_gateway.bare import bootstrap

#: What it may grow to before somebody has to think about it.
BUDGET_BYTES = 26 * 1024


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
        assert bootstrap.blob(compiled=True) is bootstrap.blob(compiled=True)

    @pytest.mark.parametrize("version", WANTED)
    def test_compiled_code_is_for_those_that_understand_it(self, version: str) -> None:
        blob = bootstrap.blob(compiled=True)
        assert len(bootstrap.blob()) < len(blob) < 4 * BUDGET_BYTES
        result = subprocess.run(
            command(version), input=blob, capture_output=True, timeout=PATIENCE_S, check=True
        )
        assert result.stdout.startswith(PREAMBLE)
        assert result.stderr == b""

    def test_sizes_are_right(self) -> None:
        blob = bootstrap.blob()
        second = blob[6 : 6 + int(blob[:6])]
        assert second.startswith(b"import sys,zlib\ns=zlib.decompress(r(")
        compressed = blob[6 + len(second) :]
        assert b"r(%d)" % len(compressed) in second
        sent = zlib.decompress(compressed).decode("ascii")
        assert sent == bootstrap.without_comments(bootstrap.source())


class TestWithoutComments:
    def test_only_comments_and_docstrings_are_gone(self) -> None:
        """What is left is the same program with every statement in its line."""
        text = bootstrap.source()
        sent = bootstrap.without_comments(text)
        assert len(sent.split("\n")) == len(text.split("\n"))
        assert program(sent) == program(text)
        assert '"""' not in sent
        assert len(sent) < len(text) * 0.9

    def test_nothing_else_looks_like_a_comment(self) -> None:
        sent = bootstrap.without_comments(bootstrap.source())
        assert [line.strip() for line in sent.split("\n") if "#" in line.replace('"#"', "")] == []


def program(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body:
            continue
        # A docstring, or the 0 in its place.
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            del body[0]
    return ast.dump(tree, include_attributes=False) + str(
        [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    )
