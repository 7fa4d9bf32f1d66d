"""Lines of JSON with programs that are there, and with those that talk nonsense."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from program_helpers import program
from runner_peer import NOT_LONG_S, PATIENCE_S, patience
from xnet_conformance import conversation, errors
from xnet_conformance.conversation import Conversation, relay_command, wait_readable
from xnet_conformance.errors import CannotStart, NoAnswer
from xnet_conformance.testee import from_command

Talk = Callable[..., Conversation]


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """Start programs, with the arguments of ``program``."""
    made = []

    def begin(*words: str, **fields: str) -> Conversation:
        made.append(Conversation(program(tmp_path, *words, **fields), 1.0))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def test_answers_are_known_by_their_numbers_in_any_order(talk: Talk) -> None:
    late = "keep = globals().setdefault('keep', []); keep.insert(0, line)\n        if len(keep) == 2:\n"
    late += "            for line in keep: reply(said=line['what'])"
    program = talk(late)
    assert program.hello["protocol"] == 1
    first, second = program.say("run", {"what": "a"}), program.say("run", {"what": "b"})
    assert (first, second) == (2, 3)
    assert program.answer(first, patience()) == {"id": 2, "said": "a"}
    assert program.answer(second, patience()) == {"id": 3, "said": "b"}


def test_large_lines_and_text_of_all_kinds_arrive(talk: Talk) -> None:
    program = talk("reply(said=line['what'])")
    text = '\u00fc\U0001f600\n"' + "x" * 1_000_000
    assert program.ask("run", {"what": text}, patience())["said"] == text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("print('hello', flush=True)", "the line b'hello' is not a JSON object"),
        ("print('[1]', flush=True)", "is not a JSON object with the id"),
        ("print('[' * 100000, flush=True)", "is not a JSON object with the id"),
        ("print('{\"id\": 9' + '9' * 5000 + '}', flush=True)", "is not a JSON object with the id"),
        ("print('{\"id\": true}', flush=True)", "is not a JSON object with the id"),
        ("print('{\"id\": 0}', flush=True)", "answers a command that was never sent"),
        ("print('{\"id\": 3}', flush=True)", "answers a command that was never sent"),
        ("os.write(1, b'\\xff\\n')", "is not a JSON object"),
        ("os.write(1, b'{\"id\":'); sys.exit()", "6 bytes came that are not a line"),
    ],
)
def test_nonsense_is_no_answer(line: str, words: str, talk: Talk) -> None:
    with pytest.raises(NoAnswer, match=words):
        talk(line).ask("run", {}, patience())


def test_a_line_without_end_is_not_collected(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "MOST_LINE", 100_000)
    with pytest.raises(NoAnswer, match="bytes came that are not a line"):
        talk("os.write(1, b'x' * 1000000)").ask("run", {}, patience())


def test_silence_and_the_end_are_two_things(talk: Talk) -> None:
    with pytest.raises(NoAnswer, match="there was no answer to command 2 in time"):
        talk("pass").ask("run", {}, time.monotonic() + NOT_LONG_S)
    with pytest.raises(errors.TesteeGone, match="ended while the answer to command 2 was expected"):
        talk("sys.exit()").ask("run", {}, patience())


def test_looking_takes_what_is_there_without_waiting(talk: Talk) -> None:
    program = talk("reply(a=1)")
    number = program.say("run", {})
    deadline = patience()
    assert wait_readable([program.fds[0], -1], deadline)
    while not program._answers and time.monotonic() < deadline:
        program.look()
    assert program.answer(number, 0.0) == {"id": number, "a": 1}


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("reply(protocol=2)", "it answered start with .*'protocol': 1, ...}} was expected"),
        ("reply()", "it answered start with"),
        ("sys.exit('a reason')", r"(?s)ended while the answer to command 1.*standard error:\na reason"),
        ("print('hi', flush=True)", "not a JSON object"),
    ],
)
def test_a_program_that_does_not_begin_well_is_none(start: str, words: str, talk: Talk) -> None:
    with pytest.raises(CannotStart, match=words.replace("}}", "}")):
        talk(start=start)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(CannotStart, match="cannot be started"):
        Conversation(from_command("/nonexistent/adapter", "adapter"), 1.0)


def test_the_relay_is_a_command_for_every_python(tmp_path: Path) -> None:
    words = relay_command(str(tmp_path / "s"))
    assert words[0] == sys.executable
    assert words[-1] == str(tmp_path / "s")
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE_S, check=False)
    assert b"FileNotFoundError" in done.stderr
