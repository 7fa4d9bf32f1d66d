"""``xnet exec``, as a user runs it."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from gateway_helpers import busy
from xnet.command_line import executing, remote_program
from xnet_programs import ENVIRONMENT, run

pytestmark = pytest.mark.slow

PATIENCE_S = 200.0
POPEN = "popen"
#: Our own worker, the bare one, and one through a shell.
SPECS = [POPEN, f"popen//python={sys.executable} -E", "command=env"]


def execute(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnet", "exec", *arguments],
        env=ENVIRONMENT,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def begin(*arguments: str, **how: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "xnet", "exec", *arguments],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


@pytest.mark.parametrize("spec", SPECS)
def test_output_of_code_and_of_what_it_starts_in_order(spec: str) -> None:
    done = execute(
        f"{spec}//id=far",
        "--",
        "import os, sys\n"
        "print('one')\n"
        "os.system('echo two; echo warning >&2')\n"
        "print('three', *sys.argv, sep='|')\n"
        "sys.stderr.write('no newline')",
        "a b",
        "--flag",
    )
    assert done.stdout == "far: one\nfar: two\nfar: three|-c|a b|--flag\n"
    assert done.stderr == "far: warning\nfar: no newline\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("raise SystemExit", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('because')", 1, "gw0: because\n"),
        ("import sys; sys.exit(256 + 5)", 5, ""),
        ("1/0", 1, "gw0: ZeroDivisionError"),
        ("def f(", 1, "gw0: SyntaxError"),
        ("raise KeyboardInterrupt", 130, "gw0: KeyboardInterrupt"),
        ("import os; os._exit(9)", 3, "xnet: gw0: gateway gw0: the connection has ended; its process"),
        ("import os, signal; os.kill(os.getpid(), 9)", 3, "killed by signal 9 (SIGKILL)"),
    ],
)
def test_how_code_ends_is_the_exit_status(code: str, status: int, words: str) -> None:
    done = execute("popen", "--", code)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stderr == "" or words
    assert done.stdout == ""
    assert "remote_exec" not in done.stderr


def test_a_traceback_shows_the_lines_of_the_code_and_nothing_of_ours() -> None:
    done = execute("popen", "--no-prefix", "--", "def f():\n    1/0\nf()")
    lines = [line for line in done.stderr.splitlines() if set(line) - set(" ~^")]
    assert lines == [
        "Traceback (most recent call last):",
        '  File "<string>", line 3, in <module>',
        "    f()",
        '  File "<string>", line 2, in f',
        "    1/0",
        "ZeroDivisionError: division by zero",
    ]


def test_a_process_that_ends_at_once_loses_nothing() -> None:
    done = execute("popen", "--", "import os; print('last words'); os._exit(0)")
    assert done.stdout == "gw0: last words\n"
    assert done.returncode == 3


def test_the_last_words_of_a_crash() -> None:
    done = execute("popen", "--", "import ctypes, faulthandler; faulthandler.enable(); ctypes.string_at(0)")
    assert "gw0: Fatal Python error: Segmentation fault\n" in done.stderr
    assert "killed by signal 11 (SIGSEGV); its last output was:\n" in done.stderr
    assert done.returncode == 3


def test_traces_do_not_make_more_traces() -> None:
    """Sending what was traced would be traced, and that sent."""
    environment = {**ENVIRONMENT, "EXECNET_DEBUG": "2"}
    for spec in ("popen", "command=env"):
        done = subprocess.run(
            [sys.executable, "-m", "xnet", "exec", spec, "--", "import time; print(1); time.sleep(0.3)"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (done.stdout, done.returncode) == ("gw0: 1\n", 0)
        assert 10 < len(done.stderr.splitlines()) < 60
        assert "gw0: [" not in done.stderr


def test_files_have_names_arguments_and_their_own_encoding(tmp_path: Path) -> None:
    script = tmp_path / "a script.py"
    script.write_bytes(
        b"# coding: latin-1\nimport sys, os\n"
        b"print('\xe9', sys.argv[1:], os.path.basename(__file__), __name__)\n1/0\n"
    )
    done = execute("popen", "-f", str(script), "--", "x", "--y")
    assert done.stdout == "gw0: é ['x', '--y'] a script.py __main__\n"
    assert f'gw0:   File "{script}", line 4, in <module>\ngw0:     1/0\n' in done.stderr
    done = execute("popen", "--", "-f", str(script), "x")
    assert done.stdout == "gw0: é ['x'] a script.py __main__\n"


def test_a_program_from_standard_input() -> None:
    done = execute("popen", "-f", "-", stdin="import sys\nprint(sys.argv)")
    assert (done.stdout, done.stderr, done.returncode) == ("gw0: ['<stdin>']\n", "", 0)


@pytest.mark.parametrize(
    "words", [("-m", "calendar", "--", "2026", "11"), ("--", "-m", "calendar", "2026", "11")]
)
def test_modules_that_are_there(words: tuple[str, ...]) -> None:
    done = execute("popen", *words)
    assert "November 2026" in done.stdout.splitlines()[0]
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_module_that_is_not_there() -> None:
    done = execute("popen", "-m", "no_such_module")
    assert done.stderr == f"gw0: {sys.executable}: No module named no_such_module\n"
    assert done.returncode == 1


def test_one_that_cannot_be_reached_leaves_the_others() -> None:
    done = execute("popen//python=/no/such", "popen//id=here", "--", "print('ran'); raise SystemExit(1)")
    assert done.stdout == "here: ran\n"
    assert done.stderr.startswith("xnet: gw0: cannot start '/no/such' for 'popen//python=/no/such'")
    assert done.returncode == 3


def test_through_another_gateway() -> None:
    done = execute("popen//id=hop", "popen//via=hop//id=inner", "--", "print(1)")
    assert sorted(done.stdout.splitlines()) == ["hop: 1", "inner: 1"]
    assert (done.stderr, done.returncode) == ("", 0)
    done = execute("popen//id=hop//python=/no/such", "popen//via=hop//id=inner", "--", "print(1)")
    assert "xnet: inner: the gateway hop that it goes through could not be reached\n" in done.stderr
    assert done.returncode == 3


def test_json_is_an_object_for_each_line_and_each_end() -> None:
    done = execute(
        "popen//env:TOKEN=hunter2",
        "command=/no/such//id=b",
        "--json",
        "--",
        "import sys; print('é\\r%'); print(); sys.exit(4)",
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if "stream" in line] == [
        {"gateway": "gw0", "stream": "stdout", "text": "é\r%"},
        {"gateway": "gw0", "stream": "stdout", "text": ""},
    ]
    ends = {line["gateway"]: line for line in lines if "stream" not in line}
    assert ends["gw0"]["status"] == 4
    assert ends["gw0"]["error"] is None
    assert ends["b"]["status"] is None
    assert "cannot start '/no/such'" in ends["b"]["error"]
    assert "hunter2" not in done.stdout + done.stderr
    assert (done.stderr, done.returncode) == ("", 4)


@pytest.mark.parametrize("spec", SPECS)
def test_json_has_standard_error_too(spec: str) -> None:
    code = "import os, sys; os.system('echo warning >&2'); sys.stderr.write('no newline')"
    done = execute(f"{spec}//id=far", "--json", "--", code)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["text"] for line in lines if line.get("stream") == "stderr"] == ["warning", "no newline"]
    assert done.stderr == ""


def test_megabytes_arrive_whole() -> None:
    code = "for i in range(50000): print(i, 'x' * 60)"
    done = execute("popen", "--no-prefix", "--", code)
    assert done.stdout == "".join(f"{i} {'x' * 60}\n" for i in range(50000))
    done = execute(
        "popen", "--no-prefix", "--", "import os; os.write(1, b'y' * 3_000_000); print('z' * 3_000_000)"
    )
    assert done.stdout == "y" * 3_000_000 + "z" * 3_000_000 + "\n"


def test_whoever_reads_no_more_ends_it() -> None:
    command = begin("popen", "--", "while True: print('again')")
    assert command.stdout is not None
    assert command.stdout.readline() == "gw0: again\n"
    command.stdout.close()
    command.stdout = None
    err = command.communicate(timeout=PATIENCE_S)[1]
    assert (command.returncode, err) == (141, "")


def test_a_full_disk_is_a_sentence() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xnet", "exec", "popen", "--", "print(1)"],
            env=ENVIRONMENT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        1,
        "xnet: cannot write to standard output: No space left on device\n",
    )


def _without_interrupts(text: str) -> str:
    """Return what was said besides the tracebacks of code that was interrupted, which may come any time."""
    return re.sub(r"(?:gw0: )?Traceback \(most recent.*?KeyboardInterrupt\n", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [(signal.SIGINT, 130, "xnet: interrupted\n"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
)
def test_signals_end_gateways_too(number: signal.Signals, status: int, words: str) -> None:
    """Code that never ends, and does not care, is gone when the command is."""
    code = (
        "import os, sys\nprint(os.getpid()); sys.stdout.flush()\nwhile True:\n"
        "    try:\n        while True: pass\n    except BaseException: pass"
    )
    command = begin("popen", "--no-prefix", "--", code)
    assert command.stdout is not None
    pid = int(command.stdout.readline())
    command.send_signal(number)
    err = command.communicate(timeout=PATIENCE_S)[1]
    assert (command.returncode, _without_interrupts(err)) == (status, words)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_interrupt_while_it_starts() -> None:
    command = begin("command=sh -c 'echo begun >&2; exec sleep 600'", "--", "1")
    assert command.stderr is not None
    assert command.stderr.readline() == "begun\n"
    command.send_signal(signal.SIGINT)
    err = command.communicate(timeout=PATIENCE_S)[1]
    assert (command.returncode, err) == (130, "xnet: interrupted\n")


def test_a_timeout_ends_it() -> None:
    # Long enough for a busy machine to have begun it, and to say where it was.
    times = busy()
    seconds = math.ceil(4 * times)
    program = (
        "from xnet.__main__ import run\nfrom xnet.command_line import executing\n"
        f"executing.HURRY_S *= {times}\nrun()"
    )
    done = run("-c", program, "exec", "popen", "--timeout", str(seconds), "--", "while True: pass")
    assert (done.returncode, _without_interrupts(done.stderr)) == (
        124,
        f"xnet: it was not done within {seconds} s\n",
    )
    assert "while True: pass" in done.stderr  # where it was


def test_threads_are_waited_for_and_children_write_too() -> None:
    code = (
        "import os, threading, warnings\n"
        "warnings.simplefilter('ignore')  # of Python 3.12 and newer, that there are threads\n"
        "go = threading.Event()\n"
        "threading.Thread(target=lambda: (go.wait(), print('thread'))).start()\n"
        "pid = os.fork()\n"
        "if not pid:\n    print('child', flush=True); os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "go.set()"
    )
    done = execute("popen", "--no-prefix", "--", code)
    assert (done.stdout, done.stderr, done.returncode) == ("child\nthread\n", "", 0)


def test_a_process_left_behind_does_not_keep_it() -> None:
    done = execute(
        "popen", "--no-prefix", "--", "import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid)"
    )
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.returncode == 0


@pytest.mark.parametrize("model", ["gevent", "eventlet", "main_thread_only"])
def test_other_execution_models(model: str) -> None:
    if model != "main_thread_only" and find_spec(model) is None:  # eventlet, imported, warns of every fork
        pytest.skip(f"needs {model}")
    done = execute(f"popen//execmodel={model}", "--", "import os; print(1); os.system('echo 2'); print(3)")
    assert (done.stdout, done.stderr, done.returncode) == ("gw0: 1\ngw0: 2\ngw0: 3\n", "", 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument 'SPEC... [OPTIONS]"),
        (("popen",), "nothing to run: expected -- CODE, -f FILE or -m MODULE"),
        (("popen", "--"), "nothing to run"),
        (("--", "print(1)"), "Missing argument"),
        (("popen", "-f", "x", "-m", "y"), "-f FILE and -m MODULE: expected only one of them"),
        (("popen", "--", "-f"), "-f has no value"),
        (("popen", "-f", "/no/such"), "cannot read the file '/no/such': No such file"),
        (("popen", "--loud", "--", "1"), "No such option"),
        (("nowhere", "--", "1"), "xnet: no gateway type found for 'nowhere': expected one of the keys popen"),
        (("popen//popen", "--", "1"), "duplicate key 'popen'"),
        (("popen//_x=1", "--", "1"), "names beginning with an underscore are reserved"),
        (("popen//id=a", "popen//id=a", "--", "1"), "two of the gateway specifications have the id a"),
        (("popen//via=hop", "--", "1"), "goes through the gateway hop, which does not exist: expected"),
        (("popen", "--timeout", "never", "--", "1"), "is not a valid float"),
    ],
)
def test_a_command_line_that_means_nothing(arguments: tuple[str, ...], words: str) -> None:
    done = execute(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_what_the_words_behind_the_dashes_are() -> None:
    program = executing.find_program(["print(1)", "a", "--", "b"], None, None)
    assert (program.kind, program.arguments) == (remote_program.CODE, ["a", "--", "b"])
    with pytest.raises(click.UsageError, match="not text that can be sent"):
        executing.find_program(["1", "\udcff"], None, None)


def test_workers_and_import_xnet_do_without_the_libraries() -> None:
    done = run("-c", "import sys, xnet; print([n for n in ('click', 'rich') if n in sys.modules])")
    assert done.stdout == "[]\n"
    done = execute("popen", "--", "import sys; print([n for n in ('click', 'rich') if n in sys.modules])")
    assert done.stdout == "gw0: []\n"


@pytest.mark.parametrize(
    "item", ["'text'", "(1, 'text')", "(3, b'x')", "(0, 256)", "(1, b'x' * 65537)", "None"]
)
def test_a_worker_that_sends_something_else_is_not_believed(item: str) -> None:
    """Code can find the channel that our own text uses, and another implementation can be wrong."""
    code = (
        "import gc\n"
        "from xnet_channel.threads.channel import Channel\n"
        f"[one.send({item}) for one in gc.get_objects() if isinstance(one, Channel)]\n"
    )
    done = execute("popen", "--", code)
    assert "xnet: gw0: the other side sent something unexpected: " in done.stderr
    assert (done.stdout, done.returncode) == ("", 3)
