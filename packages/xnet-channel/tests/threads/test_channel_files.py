"""Files over channels."""

from __future__ import annotations

import pytest

from threads_helpers import PATIENCE_S, pair


def test_what_is_written_is_read_by_size_and_by_line() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        with ours.makefile("w", proxyclose=True) as out:
            print("one", file=out)
            out.write("two\nthr")
            out.write("ee")
        read = theirs.makefile("r")
        assert read.readline() == "one\n"
        assert read.read(2) == "tw"
        assert list(read) == ["o\n", "three"]
        assert read.read(5) == ""
        theirs.waitclose(PATIENCE_S)


def test_another_mode_is_refused() -> None:
    with pair() as both:
        ours, _theirs = both.channels()
        assert not ours.makefile("w").isatty()
        with pytest.raises(ValueError, match="expected 'r' or 'w'"):
            ours.makefile("rb")  # type: ignore[call-overload]


def test_files_are_what_programs_ask_files_for() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        out, read = ours.makefile("w"), theirs.makefile("r")
        assert (out.writable(), out.write(b"ab"), out.write(7)) == (True, 2, None)
        out.flush()
        assert read.readable()
        assert (theirs.receive(PATIENCE_S), theirs.receive(PATIENCE_S)) == (b"ab", 7)
        out.writelines(["a", "b\n", "c"])
        out.close()
        with pytest.raises(OSError, match=rf"<ChannelFile {ours.id} open>: the file is closed"):
            out.write("d")
        assert not ours.isclosed()
        ours.close()
        assert repr(out) == f"<ChannelFile {ours.id} closed>"
        assert [*read, read.readline()] == ["ab\n", "c", ""]
