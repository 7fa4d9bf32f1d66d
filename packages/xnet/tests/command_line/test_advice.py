from __future__ import annotations

import pytest

from xnet.command_line.advice import ADVICE, advise


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("me@host: Permission denied (publickey).", "ssh-add -l"),
        ("Host key verification failed.", "ssh-keygen -R"),
        ("ssh: Could not resolve hostname x: Name or service not known", "getent hosts"),
        ("connect to host x port 22: Connection refused", "nothing listens"),
        ("connect to host x port 22: Connection timed out", "firewalls"),
        ("Error response from daemon: No such container: web", "docker ps"),
        ("sudo: a password is required", "NOPASSWD"),
        ("no python found on this machine, tried python3 python", "//python=/path"),
        ("bash: python3.9: command not found", "//python=/path"),
        ("This account is currently not available.", "another login shell"),
        ("authentication failed: the server does not know the secret", "secret_file=FILE"),
        ("certificate verify failed", "tls_ca=FILE"),
        ("sh: 1: fly: not found", "PATH"),
        ("all is strange", "think"),
    ],
)
def test_words_that_programs_say(words: str, advice: str) -> None:
    assert advice in advise(words, "think")


def test_every_advice_is_written_with_single_blanks() -> None:
    assert not any("  " in advice or advice != advice.strip() for _, advice in ADVICE)
