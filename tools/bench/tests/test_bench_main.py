from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.document import BEGIN, END
from bench.main import main


def test_one_case_from_the_command_line_to_table_json_and_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"{BEGIN}\n{END}\n")
    figures = tmp_path / "figures.json"
    words = ["--only", "memory", "--implementation", "multiprocessing", "--rounds", "1"]
    assert main([*words, "--json", str(figures), "--markdown", str(document)]) == 0
    assert "RSS of an idle worker" in capsys.readouterr().out
    assert "| RSS of an idle worker | MB | - | - |" in document.read_text()
    rss = json.loads(figures.read_text())["rows"][0]
    assert rss["measure"] == "rss"
    assert rss["medians"]["multiprocessing"] > 1


def test_no_rounds_at_all_is_a_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rounds", "0"])
    assert "at least 1" in capsys.readouterr().err
