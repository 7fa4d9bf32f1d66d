"""The specification is clean, and a specification broken in any one place is not."""

from __future__ import annotations

from pathlib import Path

import pytest

import lint
import prose_checks
from spec_text import read_prose

SPEC = Path(lint.__file__).resolve().parent.parent
ROOT = SPEC.parent


def change(spec: Path, file: str, old: str, new: str) -> None:
    path = spec / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{file} has no {old!r}; the test has to follow the text"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(spec: Path) -> str:
    return "\n".join(lint.find_problems(spec, ROOT))


def test_the_specification_is_clean(spec: Path) -> None:
    assert problems_of(spec) == ""


# file, text, what it becomes, what the linter says of it
BREAKS = {
    "capitals outside of a block": (
        "20-frames.md",
        "After the preamble each direction is",
        "After the preamble each direction MUST be",
        "20-frames.md:3: MUST in capitals outside of a requirement block",
    ),
    "block without head": (
        "20-frames.md",
        "> [FR-002 MUST initiator,worker since=1.0] A receiver",
        "> A receiver",
        "a quoted block that is not",
    ),
    "id of another file": ("20-frames.md", "> [FR-002 MUST", "> [VA-902 MUST", "ids begin with FR"),
    "badly formed id": ("20-frames.md", "> [FR-002 MUST", "> [FR-2 MUST", "FR-2 is not two letters"),
    "unknown level": ("20-frames.md", "> [FR-002 MUST", "> [FR-002 WILL", "has the level WILL"),
    "level and text differ": (
        "20-frames.md",
        "> [FR-002 MUST",
        "> [FR-002 SHOULD",
        "FR-002 is a SHOULD but its",
    ),
    "unknown role": (
        "20-frames.md",
        "> [FR-002 MUST initiator,worker",
        "> [FR-002 MUST server",
        "FR-002 has the roles server",
    ),
    "version to come": (
        "20-frames.md",
        "[FR-023 MUST worker since=1.0]",
        "[FR-023 MUST worker since=1.9]",
        "is since 1.9",
    ),
    "no version": (
        "20-frames.md",
        "[FR-023 MUST worker since=1.0]",
        "[FR-023 MUST worker since=x]",
        "since=x",
    ),
    "id given twice": ("20-frames.md", "> [FR-002 MUST", "> [FR-001 MUST", "FR-001 is given at 20-frames.md"),
    "id that was lost": ("20-frames.md", "> [FR-002 MUST", "> [FR-990 MUST", "FR-002 is in no file any more"),
    "id that is new": ("20-frames.md", "> [FR-002 MUST", "> [FR-990 MUST", "FR-990 is not in schema/ids.txt"),
    "retired id": ("schema/ids.txt", "FR-002\n", "FR-002 retired 1.1\n", "FR-002 was retired"),
    "reference to nothing": (
        "20-frames.md",
        "So a PING is a barrier",
        "So by FR-099 a PING is",
        "there is no FR-099",
    ),
    "link to the wrong file": (
        "20-frames.md",
        "[CH-032](40-channels.md)",
        "[CH-032](30-values.md)",
        "leads to 30-values.md",
    ),
    "untested id": ("schema/untested.yaml", "\nSE-001:", "\nSE-990:", "SE-001 is named by no test"),
    "reason without an id": ("schema/untested.yaml", "\nSE-001:", "\nSE-990:", "there is no SE-990"),
    "frame type in the prose only": (
        "20-frames.md",
        "| 7 | CHANNEL_LAST",
        "| 70 | CHANNEL_LAST",
        "('70', 'CHANNEL_LAST",
    ),
    "frame type in the registry only": (
        "schema/registry.yaml",
        "{code: 7, name: CHANNEL_L",
        "{code: 70, name: CHANNEL_L",
        "('70', 'CHANNEL_L",
    ),
    "code given twice": (
        "schema/registry.yaml",
        "{code: 7, name: STATE",
        "{code: 8, name: STATE",
        "error_codes: code 8 is there twice",
    ),
    "unknown direction": (
        "schema/registry.yaml",
        "direction: worker, channel: any",
        "direction: up, channel: any",
        "OUTPUT has direction up",
    ),
    "error code in the prose only": (
        "80-errors.md",
        "| 6 | CREDIT_OVERFLOW",
        "| 6 | CREDIT_OVERRUN",
        "CREDIT_OVERRUN",
    ),
    "error code without a rule": (
        "schema/registry.yaml",
        "scope: connection, id: FR-010}",
        "scope: connection, id: FR-999}",
        "there is no FR-999",
    ),
    "rule that does not name its code": (
        "schema/registry.yaml",
        "scope: connection, id: FR-010}",
        "scope: connection, id: FR-001}",
        "FR-001 is the rule of FRAME_UNKNOWN_TYPE",
    ),
    "row without a rule": (
        "schema/registry.yaml",
        'worth an attack", id: FR-020}',
        'worth an attack"}',
        "ping has no id of a rule",
    ),
    "limit differs": ("85-limits.md", "| 1048576 | 65536 | |", "| 1048577 | 65536 | |", "1048577"),
    "default outside of its bounds": (
        "schema/registry.yaml",
        "    minimum: 64\n",
        "    minimum: 640\n",
        "limit depth is not between",
    ),
    "tag in the registry only": (
        "schema/registry.yaml",
        "{tag: 58403",
        "{tag: 58405",
        "tag 58405 is in messages.cddl or in the registry",
    ),
    "feature differs": ("95-versioning.md", "| exec.python |", "| exec.perl |", "exec.perl"),
    "text differs": (
        "schema/registry.yaml",
        'text: "keyboard-interrupted"',
        'text: "stopped"',
        "'stopped' of the registry is not in the prose",
    ),
    "config key in one place": ("schema/registry.yaml", "{key: nice,", "{key: niceness,", "'niceness'"),
    "payload rule that is missing": (
        "schema/messages.cddl",
        "\ncredit = 1..18446744073709551615",
        "\nerrortext = text",
        "no CDDL rule 'credit'",
    ),
    "CDDL rule nobody uses": (
        "schema/messages.cddl",
        "\ncredit = 1..18446744073709551615",
        "\ncredit = 1..18446744073709551615\nspare = uint",
        "nothing uses the rule 'spare'",
    ),
    "CDDL with a mistake": (
        "schema/messages.cddl",
        "\ncredit = 1..18446744073709551615",
        "\ncredit = txet",
        "txet",
    ),
    "preamble differs": ("schema/frames.yaml", 'hex: "89584e', 'hex: "88584e', "different preambles"),
    "layout with a hole": (
        "schema/frames.yaml",
        "offset: 5, bytes: 4",
        "offset: 6, bytes: 4",
        "the field length is at 6",
    ),
    "layout of another size": ("schema/frames.yaml", '">BII"', '">BIQ"', "struct and header_bytes differ"),
    "notation differs": ("schema/frames.yaml", "Channel (32)", "Channel (16)", "no Channel (32)"),
    "state table with a hole": (
        "schema/states/send-half.yaml",
        "  - {state: ended, input: SEND_LAST, error: local, id: CH-060}\n",
        "",
        "ended + SEND_LAST has no row",
    ),
    "row for the impossible": (
        "schema/states/connection.yaml",
        "  - {role: [initiator, worker], state: hello,",
        (
            "  - {role: [worker], state: preamble, input: RECV_HELLO, to: hello, id: HS-010}\n"
            "  - {role: [], state: hello,"
        ),
        "preamble + RECV_HELLO has a row but can never happen for worker",
    ),
    "row given twice": (
        "schema/states/send-half.yaml",
        "state: ended, input: SEND_LAST,",
        "state: ended, input: SEND_ITEM,",
        "there are two rows",
    ),
    "unknown state": (
        "schema/states/send-half.yaml",
        "to: ended",
        "to: resting",
        "there is no state resting",
    ),
    "unknown code": (
        "schema/states/receive-half.yaml",
        "error: STATE_VIOLATION",
        "error: STATE_WRONG",
        "no error code STATE_WRONG",
    ),
    "our mistake with a code": (
        "schema/states/send-half.yaml",
        "error: local",
        "error: STATE_VIOLATION",
        "what we send wrongly is 'local'",
    ),
    "two outcomes": (
        "schema/states/send-half.yaml",
        "error: local",
        "error: local, to: open",
        "not exactly one of",
    ),
    "state row without a rule": (
        "schema/states/send-half.yaml",
        "id: CH-061",
        "id: CH-999",
        "there is no CH-999",
    ),
    "table differs from prose": (
        "40-channels.md",
        "| ended | local | local |",
        "| ended | ended | local |",
        "ended + SEND_ITEM is ended here",
    ),
    "table is missing": (
        "40-channels.md",
        "| state | SEND_ITEM |",
        "| half | SEND_ITEM |",
        "no table of the send-half",
    ),
    "frame type without example": (
        "75-dialogues.md",
        "I>W CHANNEL_BATCH 1 ",
        "I>W CHANNEL_BATHE 1 ",
        "no dialogue shows the frame type CHANNEL_BATCH",
    ),
    "wrong bytes": ("35-values-examples.md", "hex:   19 ff ff", "hex:   19 ff fe", "va-u16"),
    "wrong notation": ("35-values-examples.md", "diag:  65535", "diag:  65534", "but diag says"),
    "wrong value": ("35-values-examples.md", "value: 65535", "value: 65535.0", "cbor2 reads 65535 from hex"),
    "wrong rule": ("35-values-examples.md", "rule:  batch", "rule:  credit", "va-batch"),
    "refusal that is none": ("36-values-refused.md", "hex:  f8 20", "hex:  f6", "hex is accepted"),
    "refusal with an unknown code": (
        "36-values-refused.md",
        "code: VALUE_MALFORMED",
        "code: BAD",
        "BAD is no error code",
    ),
    "unknown kind of example": (
        "36-values-refused.md",
        "```xnet-reject va-bad-simple\n",
        "```xnet-refuse x\n",
        "unknown kind",
    ),
    "example name given twice": (
        "36-values-refused.md",
        "va-bad-undefined",
        "va-bad-simple",
        "the name is used at",
    ),
    "example without a line": ("36-values-refused.md", "why:  tag 0\n", "", "cannot be read"),
    "half machines that do not fit": (
        "schema/states/receive-half.yaml",
        "  - {state: open, input: RECV_LAST, to: ended,",
        "  - {state: open, input: RECV_LAST, to: closed,",
        "model of a channel's life: only one half is closed",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_found(spec: Path, name: str) -> None:
    file, old, new, wanted = BREAKS[name]
    change(spec, file, old, new)
    assert wanted in problems_of(spec)


def test_new_ids_are_added_to_the_list_and_none_is_taken_out(spec: Path) -> None:
    change(spec, "20-frames.md", "> [FR-002 MUST", "> [FR-990 MUST")
    before = (spec / "schema/ids.txt").read_text(encoding="utf-8")
    prose_checks.write_ids(read_prose(spec), spec)
    assert (spec / "schema/ids.txt").read_text(encoding="utf-8") == before + "FR-990\n"


def test_the_command_says_what_is_wrong_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint.main([]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == ""


def test_the_coverage_table_has_every_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint.main(["--coverage"]) == 0
    lines = capsys.readouterr().out.splitlines()
    ids = [requirement.id for requirement in prose_checks.requirements(read_prose(SPEC))]
    assert [line.split()[0] for line in lines] == ids
