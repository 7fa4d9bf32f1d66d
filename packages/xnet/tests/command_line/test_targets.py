from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet.command_line.targets import parse_target


@pytest.mark.parametrize(
    ("text", "spec", "dest"),
    [
        ("popen:/srv/app", "popen", "/srv/app"),
        ("ssh=me@host//id=a:/srv/app", "ssh=me@host//id=a", "/srv/app"),
        ("socket=10.0.0.7:8888:./app", "socket=10.0.0.7:8888", "./app"),
        ("socket=[::1]:8888:/srv/app", "socket=[::1]:8888", "/srv/app"),
        ("popen//python=python3.9:/tmp/a:b", "popen//python=python3.9", "/tmp/a:b"),
        ("popen//chdir=/tmp:.", "popen//chdir=/tmp", "."),
        ("popen:..", "popen", ".."),
        ("popen:../x", "popen", "../x"),
        ("popen:/a//b", "popen", "/a//b"),
        ("ssh=h -o 'ProxyCommand=nc %h:%p':/x", "ssh=h -o 'ProxyCommand=nc %h:%p'", "/x"),
        ("env:PATH=/a:/b//popen:/x", "env:PATH=/a:/b//popen", "/x"),
        ("popen:/é \udcff", "popen", "/é \udcff"),
    ],
)
def test_the_last_colon_that_a_path_follows(text: str, spec: str, dest: str) -> None:
    assert parse_target(text) == (spec, dest)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("popen", "has no destination"),
        ("ssh=host:app", "has no destination"),
        ("socket=host:8888", "has no destination"),
        ("popen:", "has no destination"),
        ("popen:.hidden", "has no destination"),
        ("/srv/app", "has no destination"),
        (":/srv/app", "has no specification"),
        ("popen//env:PATH=/a:/b", "could mean two things"),
        ("popen//env:A=b:/dest", "Write such entries first"),
        ("popen:/a\0b", "NUL"),
        ("", "has no destination"),
    ],
)
def test_what_could_be_meant_in_two_ways_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="the target") as caught:
        parse_target(text)
    assert words in str(caught.value)


def test_values_of_variables_are_not_said() -> None:
    with pytest.raises(ValueError, match="TOKEN") as caught:
        parse_target("popen//env:TOKEN=hunter2:/x")
    assert "hunter2" not in str(caught.value)


@given(st.text(alphabet=":/.ab=\0 \udcff", max_size=30))
def test_any_text_is_parted_or_refused(text: str) -> None:
    try:
        spec, dest = parse_target(text)
    except ValueError:
        return
    assert f"{spec}:{dest}" == text
    assert dest[0] in "/."


@given(st.sampled_from(["popen", "ssh=h", "socket=h:1", "docker=a//id=b"]), st.text(min_size=1, max_size=20))
def test_what_has_no_second_path_comes_back(spec: str, name: str) -> None:
    dest = "/" + name.replace(":", "-").replace("\0", "-")
    assert parse_target(f"{spec}:{dest}") == (spec, dest)
