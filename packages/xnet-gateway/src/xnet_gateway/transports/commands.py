"""Transports that put words before the command that starts a worker.

``command=PREFIX`` is the general form; the others only know how their program wants to be called.
"""

from __future__ import annotations

from xnet_gateway.transports.base import THIS_PYTHON, Command, Transport
from xnet_gateway.transports.interpreters import value_words, worker_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.xspec import XSpec


class PopenTransport(Transport):
    """``popen//python=COMMAND``: another interpreter of this machine, or a command that starts one.

    ``popen`` without ``python=`` names the interpreter that asks for it.
    """

    key = "popen"

    def route(self, spec: XSpec) -> Command:
        """See ``Transport.route``."""
        # A Python changes into it by itself.
        cwd = str(spec.chdir) if spec.chdir and spec.worker is not None else None
        env = {name: str(value) for name, value in spec.env.items()}
        return Command(worker_arguments(spec, THIS_PYTHON), "localhost", env=env, cwd=cwd)


class PrefixTransport(Transport):
    """``KEY=NAME OPTIONS``: a program that runs a command elsewhere and connects its stdin and stdout."""

    def __init__(self, key: str, pattern: str, example: str) -> None:
        """Describe the program.

        Args:
            key: The key of specifications.
            pattern: Its command line up to the command to run; OPTIONS and NAME stand for what
                the value says.
            example: A value, for the error message.
        """
        self.key = key
        self.network = key == "kubectl"  # the others reach something on this machine
        self._pattern = pattern.split()
        self._example = example

    def route(self, spec: XSpec) -> Command:
        """See ``Transport.route``."""
        name, *options = value_words(spec, self.key, self._example)
        argv: list[str] = []
        for word in self._pattern:
            if word == "OPTIONS":
                argv += options
            else:
                argv.append(name if word == "NAME" else word)
        return Command([*argv, *worker_arguments(spec)], f"{self.key}:{name}")


class CommandTransport(Transport):
    """``command=PREFIX``: any words to put first, for example ``command=nice -n 5`` or a script."""

    key = "command"

    def route(self, spec: XSpec) -> Command:
        """See ``Transport.route``."""
        prefix = value_words(spec, self.key, "a program with its arguments, as in command=nice -n 5")
        return Command([*prefix, *worker_arguments(spec)], f"command:{prefix[0]}")


class SrunTransport(Transport):
    """``srun`` or ``srun=OPTIONS``: one task of a Slurm job."""

    key = "srun"
    network = True

    def route(self, spec: XSpec) -> Command:
        """See ``Transport.route``."""
        options = [] if spec.srun is True else value_words(spec, self.key, "options, as in srun=-p debug")
        argv = ["srun", "--ntasks=1", "--unbuffered", *options, *worker_arguments(spec)]
        return Command(argv, "srun")


#: The short forms. None of them asks for a terminal: a terminal would change the bytes.
SHORT_FORMS: Final = (
    PrefixTransport(
        "docker", "docker exec -i OPTIONS NAME", "a container, as in docker=web or docker=web -u me"
    ),
    PrefixTransport(
        "podman", "podman exec -i OPTIONS NAME", "a container, as in podman=web or podman=web -u me"
    ),
    PrefixTransport(
        "kubectl", "kubectl exec -i OPTIONS NAME --", "a pod, as in kubectl=web or kubectl=web -n test"
    ),
    PrefixTransport("lxc", "lxc exec -T OPTIONS NAME --", "a container, as in lxc=web"),
    PrefixTransport("wsl", "wsl.exe OPTIONS -d NAME --", "a distribution, as in wsl=Ubuntu"),
    PrefixTransport("sudo", "sudo -n OPTIONS -u NAME --", "a user, as in sudo=builder"),
)
