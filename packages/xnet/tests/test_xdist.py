"""pytest-xdist on xnet."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from xnet_programs import run

pytest.importorskip("xdist", reason="needs pytest-xdist, which is not installed")

if TYPE_CHECKING:
    from pathlib import Path

#: What a worker of pytest-xdist needs in its interpreter.
NEEDED = ["pytest", "pytest-xdist", "pluggy", "iniconfig", "packaging", "pygments"]
if sys.version_info < (3, 11):
    NEEDED += ["exceptiongroup", "tomli", "typing-extensions"]

SUITE = """
import os, sys, pytest

def test_alias_here():
    import execnet
    assert execnet.__name__ == "xnet.compat.execnet"

@pytest.mark.parametrize("number", range(20))
def test_many(number):
    print("noise from a worker")
    assert number != 13

def test_warns():
    import warnings
    warnings.warn("look at this")
"""

PLUGIN = ("-m", "pytest", "-p", "xnet.xdist", "-p", "no:cacheprovider")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return folder


def counts(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("options", [("-n", "2"), ("-n", "2", "--dist", "worksteal"), ("-n", "0")])
def test_a_suite_passes_and_fails_as_it_should(suite: Path, options: tuple[str, ...]) -> None:
    done = run(*PLUGIN, *options, cwd=suite)
    assert done.returncode == 1
    assert "1 failed, 21 passed, 1 warning" in counts(done)
    assert "stands for execnet" in done.stdout
    assert "FAILED test_suite.py::test_many[13]" in done.stdout
    assert done.stderr == ""  # what the workers' own pytests print is not shown


def test_workers_in_another_interpreter_that_has_xnet(suite: Path) -> None:
    """Here the same one by another command: it is sent the worker of one file, and execnet is xnet there."""
    spec = f"2*popen//python=env A=b {sys.executable}"
    done = run(*PLUGIN, "--dist", "load", "--tx", spec, cwd=suite)
    assert done.returncode == 1
    assert "1 failed, 21 passed, 1 warning" in counts(done)
    assert "FAILED test_suite.py::test_many[13]" in done.stdout
    assert done.stderr == ""


def test_worker_output_is_shown_when_asked_for(suite: Path) -> None:
    done = run(*PLUGIN, "-s", "--dist", "load", "--tx", "2*popen//stdout=stderr", cwd=suite)
    assert "noise from a worker" in done.stderr
    assert "noise" not in done.stdout.split("= FAILURES =")[0]


def test_scalars_of_numpy_in_what_tests_report(tmp_path: Path) -> None:
    """With execnet, numbers of numpy end the whole run with an INTERNALERROR."""
    if find_spec("numpy") is None:
        pytest.skip("needs numpy, which is not installed")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_numbers.py").write_text("""
import numpy as np

def test_some(record_property):
    record_property("ok", (np.arange(3) < 5).all())
    record_property("count", np.int64(7))
    record_property("mean", [np.float32(0.5), {np.str_("k"): np.float64(0.25)}])
""")
    (tmp_path / "conftest.py").write_text("""
def pytest_runtest_logreport(report):
    if report.when == "call" and hasattr(report, "node"):  # it came from a worker
        print("PROPERTIES", report.user_properties)
""")
    done = run(*PLUGIN, "-s", "-n", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PROPERTIES [('ok', True), ('count', 7), ('mean', [0.5, {'k': 0.25}])]" in done.stdout


@pytest.mark.parametrize(
    "options", [("-n", "2"), ("-s", "--dist", "load", "--tx", f"2*popen//python=env {sys.executable}")]
)
def test_surrogates_in_what_tests_report(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With execnet, one of them ends the whole run with an INTERNALERROR."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_odd.py").write_text(r"""
import logging, sys, warnings

def test_log():
    logging.warning("caf\udce9")
    assert False, "lone \ud800"

def test_print():
    sys.stdout.reconfigure(errors="surrogateescape")
    print("caf\udce9")

def test_property(record_property):
    record_property("key\udc80", ["\ud83d\ude00"])

def test_warning():
    warnings.warn("odd \udcff")

def test_error():
    raise ValueError("\udcff")
""")
    # The name of the file is part of the test's.
    with open(os.fsencode(tmp_path) + b"/test_caf\xe9.py", "w") as file:
        file.write("def test_in_a_file_whose_name_is_no_utf8(): pass\n")
    done = run(*PLUGIN, *options, cwd=tmp_path)
    assert done.returncode == 1
    assert "2 failed, 4 passed, 1 warning" in counts(done), done.stdout
    assert "INTERNALERROR" not in done.stdout
    for words in ("test_odd.py::test_log - AssertionError", "test_odd.py::test_error - ValueError"):
        assert words in done.stdout


def test_a_crashing_worker_is_replaced(suite: Path) -> None:
    (suite / "test_suite.py").write_text(
        "import os, signal, pytest\n"
        "@pytest.mark.parametrize('number', range(6))\n"
        "def test_some(number):\n"
        "    if number == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = run(*PLUGIN, "-n", "2", cwd=suite)
    assert "1 failed, 5 passed" in counts(done)
    assert "crashed while running 'test_suite.py::test_some[2]'" in done.stdout


def test_addopts_is_early_enough(suite: Path) -> None:
    (suite / "pytest.ini").write_text("[pytest]\naddopts = -p xnet.xdist -n1\n")
    done = run("-m", "pytest", "-p", "no:cacheprovider", cwd=suite)
    assert "1 failed, 21 passed" in counts(done)
    assert "stands for execnet" in done.stdout


def test_it_says_so_when_it_is_too_late(suite: Path) -> None:
    program = "import execnet, pytest, sys; sys.exit(pytest.main(['-p', 'xnet.xdist']))"
    pytest.importorskip("execnet", reason="needs the real execnet, which is not installed")
    done = run("-c", program, cwd=suite)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "execnet was already imported" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["runpytest_inprocess", "runpytest_subprocess"])
def test_pytests_of_the_pytester_fixture_get_the_plugin(suite: Path, how: str) -> None:
    (suite / "conftest.py").write_text("pytest_plugins = 'pytester'\n")
    (suite / "test_suite.py").write_text(
        "def test_it(pytester):\n"
        "    pytester.makepyfile('import execnet\\ndef test_1(): assert \"xnet\" in execnet.__name__')\n"
        f"    pytester.{how}('-n1').assert_outcomes(passed=1)\n"
    )
    done = run(*PLUGIN, "-n", "1", cwd=suite)
    assert "1 passed" in counts(done), done.stdout


def test_the_list_of_plugins_of_the_pytester_fixture_is_the_test_s(suite: Path) -> None:
    """pytest 8 gives only the first of them to a process that it starts."""
    (suite / "conftest.py").write_text("pytest_plugins = 'pytester'\n")
    (suite / "test_suite.py").write_text(
        "def test_it(pytester):\n"
        "    assert pytester.plugins == []\n"
        "    pytester.makepyfile(own='def pytest_report_header(): return \"own plugin\"')\n"
        "    pytester.makepyfile('import execnet\\ndef test_1(): assert \"xnet\" in execnet.__name__')\n"
        "    pytester.syspathinsert()\n"
        "    pytester.plugins.append('own')\n"
        "    result = pytester.runpytest_subprocess('-n1')\n"
        "    result.assert_outcomes(passed=1)\n"
        "    result.stdout.fnmatch_lines_random(['own plugin', 'xnet: * stands for execnet'])\n"
    )
    done = run(*PLUGIN, cwd=suite)
    assert "1 passed" in counts(done), done.stdout


def test_as_execnet_runs_pytest_too(suite: Path) -> None:
    done = run("-m", "xnet", "as-execnet", "-m", "pytest", "-p", "no:cacheprovider", "-n", "1", cwd=suite)
    assert "1 failed, 21 passed" in counts(done)
    assert os.listdir(suite)


@pytest.fixture(params=["execnet there", "no execnet there"])
def other_python(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return an interpreter that has pytest and pytest-xdist but none of our packages, and execnet or not."""
    folder = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=200)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    for name in (*NEEDED, *(("execnet",) if request.param == "execnet there" else ())):
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"needs {name}, which is not installed")
        for top in {
            file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")
        }:
            (site_packages / top).symlink_to(str(distribution.locate_file(top)))
    return str(folder / "bin" / "python")


@pytest.mark.parametrize("way", ["popen", "command=env"])
def test_workers_in_an_interpreter_without_xnet(
    suite: Path, other_python: str, way: str, tmp_path: Path
) -> None:
    """They are sent a worker. The way decides about sys.path: those of popen get that of pytest-xdist."""
    (suite / "test_suite.py").write_text(
        SUITE.replace('"xnet.compat.execnet"', '"execnet"')
        + "\ndef test_where():\n"
        + f"    assert sys.executable == {other_python!r} and 'xnet_bare_worker' in sys.modules\n"
    )
    words = ["--dist", "load", "--max-worker-restart", "0", "--tx", f"2*{way}//python={other_python}"]
    if way != "popen":
        words[-1] += f"//chdir={tmp_path / 'elsewhere'}"
        words += ["--rsyncdir", str(suite)]
    done = run(*PLUGIN, *words, str(suite / "test_suite.py"), cwd=suite)
    assert "1 failed, 22 passed" in counts(done), done.stdout + done.stderr
    assert "test_suite.py::test_many[13]" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_a_suite_that_has_the_standard_library_patched(library: str, tmp_path: Path) -> None:
    """Its ``conftest.py`` does it, in this process and in the workers, inside of an import."""
    if find_spec(library) is None:  # not imported: that would warn of every fork from here on
        pytest.skip(f"{library} is not installed here")
    patch = "from gevent.monkey import patch_all as patch"
    if library == "eventlet":
        patch = "from eventlet import monkey_patch as patch"
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(
        f"import warnings\nwarnings.simplefilter('ignore')\n{patch}\npatch()\n"
    )
    (tmp_path / "test_patched.py").write_text("""
import pytest, threading, time

@pytest.mark.parametrize("number", range(20))
def test_many(number):
    thread = threading.Thread(target=time.sleep, args=(0.001,))
    thread.start()
    thread.join()
""")
    done = run(*PLUGIN, "-n", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 passed" in counts(done)


@pytest.mark.parametrize(
    ("options", "ours", "inherited"),
    [((), True, False), (("-s",), True, True), (("--capture=sys",), True, True), (("-s",), False, False)],
)
def test_what_tests_start_has_our_terminal_where_pytest_does_not_capture_it(
    tmp_path: Path, options: tuple[str, ...], ours: bool, inherited: bool
) -> None:
    """As with execnet: a server that a test leaves behind goes on logging to it."""
    (tmp_path / "test_it.py").write_text(
        "import os, subprocess\n"
        f"def test_it(): subprocess.run(['sh', '-c', 'readlink /proc/self/fd/2 > {tmp_path}/place'])\n"
        "def test_other(): pass\n"
    )
    terminal, end = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, *PLUGIN, *options, "-n", "2"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=end if ours else subprocess.PIPE,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert ((tmp_path / "place").read_text().strip() == os.ttyname(end)) == inherited
    finally:
        os.close(terminal)
        os.close(end)
