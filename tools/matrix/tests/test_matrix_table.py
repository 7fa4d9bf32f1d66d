"""The table tells what was tried, and what failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from matrix.main import BEGIN, END, document, write
from matrix.table import make_table, read_report, summary

REPORT = """<testsuites><testsuite>
<testcase name="test_a[popen|3.11|thread]"/>
<testcase name="test_b[popen|3.11|thread-channel]"/>
<testcase name="test_a[popen|3.11|gevent]"><skipped/></testcase>
<testcase name="test_a[ssh|2.7|main_thread_only]"><failure/></testcase>
<testcase name="test_b[ssh|2.7|main_thread_only]"/>
<testcase name="test_a[ssh|2.7|thread]"><error/></testcase>
<testcase name="test_of_no_cell"/><testcase name="test_other[1]"/>
</testsuite></testsuites>"""


def test_from_a_report_to_the_readme(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    outcomes = read_report(tmp_path / "report.xml")
    lines = make_table(outcomes, ["2.7", "3.11"])
    assert lines[:2] == ["| | 2.7 | 3.11 |", "|---|---|---|"]
    assert "| `popen` | - | t |" in lines
    assert "| `ssh` | **t fails** **m fails** | - |" in lines
    assert summary(outcomes) == "1 of 3 combinations do everything; 3 tests passed, 2 failed."
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(readme, document(outcomes))
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| | 2.7 ")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text


def test_a_readme_without_a_place(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    with pytest.raises(ValueError, match="has no lines"):
        write(tmp_path / "README.md", "text")
