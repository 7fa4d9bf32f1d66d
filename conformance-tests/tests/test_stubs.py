"""What is written for a language that the suite has no fixtures for."""

from __future__ import annotations

import re

from xnet_conformance.fixtures import NOT_WRITTEN
from xnet_conformance.stubs import DOCUMENT, example, stub, tasks


def test_every_row_of_the_table_is_a_task() -> None:
    names = re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(tasks()) == names
    assert tasks()["wait"].arguments == "`text` = `waiting`"
    assert tasks()["wait"].does == "send the text; receive an item and send it back"
    assert tasks()["echo"].arguments == ""


def test_a_stub_is_comments_only_and_has_all_that_is_to_be_known() -> None:
    for task in tasks().values():
        text = stub(task, "--")
        assert all(line.startswith("--") for line in text.splitlines())
        assert NOT_WRITTEN in text
        assert task.arguments in text
    assert "def run(channel, text=" in stub(tasks()["wait"], "//")


def test_what_a_testee_brings_along_has_no_example() -> None:
    assert example(tasks()["rsync-receiver"]) == ""
