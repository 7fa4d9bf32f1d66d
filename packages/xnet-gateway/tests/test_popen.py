"""Local processes: their standard streams, environment, directory and command line. Spec: GW-040, GW-041."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Gateways, run_program
from xnet_gateway.transports.popen import package_directories, worker_command
from xnet_gateway.xspec import XSpec

PRINTING = """
gateway = make("popen//id=gw0" + sys.argv[1])
gateway.remote_exec('''
    import os, subprocess, sys
    print("python out", flush=True)
    print("python err", file=sys.stderr, flush=True)
    os.write(1, b"raw out\\\\n")
    subprocess.run(["/bin/sh", "-c", "echo sh out; echo sh err >&2"])
''').waitclose(200)
end(gateway)
"""
OUT = ["python out", "raw out", "sh out"]
ERR = ["python err", "sh err"]


class TestOutput:
    def test_gw_041_by_default_all_goes_to_our_stderr(self) -> None:
        done = run_program(PRINTING, "")
        assert done.stdout == ""
        assert done.stderr.splitlines() == ["python out", "python err", "raw out", "sh out", "sh err"]

    def test_gw_041_inherit(self) -> None:
        done = run_program(PRINTING, "//stdout=inherit")
        assert done.stdout.splitlines() == OUT
        assert done.stderr.splitlines() == ERR

    def test_gw_041_null(self) -> None:
        done = run_program(PRINTING, "//stdout=null")
        assert done.stdout == ""
        assert done.stderr.splitlines() == ERR

    def test_gw_041_file(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        for _ in range(2):
            done = run_program(PRINTING, f"//stdout={path}")
            assert (done.stdout, done.stderr.splitlines()) == ("", ERR)
        assert path.read_text().splitlines() == OUT * 2

    def test_nothing_written_right_before_the_end_is_lost(self) -> None:
        done = run_program("""
gateway = make()
gateway.remote_exec("import os\\nfor i in range(5000): os.write(2, b'line %d\\\\n' % i)\\nos._exit(0)")
gateway._wait_ended(time.monotonic() + 200)
""")
        assert done.stderr.splitlines() == [f"line {number}" for number in range(5000)]

    def test_gw_040_stdin_is_empty_and_stays_apart(self) -> None:
        done = run_program("""
gateway = make()
channel = gateway.remote_exec("import os, sys; channel.send((os.read(0, 10), sys.stdin.read()))")
print(channel.receive(200))
end(gateway)
""")
        assert done.stdout == "(b'', '')\n"


class TestStart:
    @pytest.mark.parametrize(
        "name",
        [
            "select",
            "socket",
            "types",
            "cbor2",
            "typing",
            "threading",
            "os",
            "xnet_wire",
            "xnet_gateway",
            "site",
        ],
    )
    def test_files_in_the_directory_do_not_disturb_the_start(
        self, gateways: Gateways, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / f"{name}.py").write_text("raise ImportError('this is the wrong one')")
        monkeypatch.chdir(tmp_path)
        gateway = gateways(f"popen//chdir={tmp_path}")
        channel = gateway.remote_exec("import sys; channel.send(sys.path[0]); 1/0")
        assert channel.receive(PATIENCE_S) == ""
        with pytest.raises(channel.RemoteError, match="ZeroDivisionError"):
            channel.receive(PATIENCE_S)

    def test_modules_in_the_directory_can_be_imported(self, gateways: Gateways, tmp_path: Path) -> None:
        (tmp_path / "only_here.py").write_text("VALUE = 42")
        gateway = gateways(f"popen//chdir={tmp_path}")
        source = "import only_here; channel.send(only_here.VALUE)"
        assert gateway.remote_exec(source).receive(PATIENCE_S) == 42

    def test_it_works_where_our_packages_are_not_installed(self, tmp_path: Path) -> None:
        """Tests of uninstalled sources, zipapps: the worker gets the directories from us."""
        done = run_program(
            "import xnet_gateway, xnet_wire\nprint(xnet_gateway.__file__)\n"
            "gateway = make(f'popen//id=x//chdir={sys.argv[1]}')\n"
            "channel = gateway.remote_exec('import xnet_gateway; channel.send(xnet_gateway.__file__)')\n"
            "assert channel.receive(200) == xnet_gateway.__file__\nend(gateway)",
            str(tmp_path),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr

    def test_command(self) -> None:
        command = worker_command(XSpec("popen//id=a//dont_write_bytecode"), 7)
        assert command[0] == sys.executable
        assert "-B" in command
        assert "main(7,'a')" in command[-1]
        assert "-B" not in worker_command(XSpec("popen//id=a"), 7)

    @pytest.mark.parametrize("name", ["it's", 'a"b', "back\\slash", "\u00fc", "x y", "a\nb"])
    def test_any_name_survives_the_command_line(self, gateways: Gateways, name: str) -> None:
        spec = f"popen//id={name}"
        channel = gateways(spec).remote_exec("channel.send(channel.gateway.id)")
        assert channel.receive(PATIENCE_S) == f"{name}-worker"

    def test_package_directories_are_those_of_our_modules(self) -> None:
        directories = package_directories()
        assert len(directories) == len(set(directories))
        assert all(Path(directory).is_absolute() for directory in directories)

    def test_silent_under_strict_warnings(self) -> None:
        """COMPAT 22."""
        done = run_program(
            "gateway = make()\nchannel = gateway.remote_exec('channel.send(1)')\n"
            "assert channel.receive(200) == 1\nend(gateway)",
            environment={"PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_gw_040_closed_standard_descriptors_of_ours_disturb_nothing(self) -> None:
        """The connection would become descriptor 0, 1 or 2, and get what somebody prints."""
        done = run_program("""
for fd in (0, 1, 2):
    os.close(fd)
gateway = make()
channel = gateway.remote_exec("print('x' * 100_000, flush=True); channel.send(1)")
assert channel.receive(200) == 1
os.write(1, b"out"), os.write(2, b"err")
end(gateway)
""")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
