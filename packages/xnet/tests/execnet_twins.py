"""Running the same small program on released execnet and on xnet, and comparing what it shows."""

from __future__ import annotations

import builtins
import difflib
import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds until a program that hangs is given up; longer than any program should take on a busy machine.
PATIENCE_S = 200


class Lab:
    """What a program gets: one of the two implementations, and a place for what it shows.

    Attributes:
        execnet: The implementation, ``execnet`` or ``xnet``.
        gateway: A gateway that all programs share; a program that breaks gateways makes its own.
        lines: What was shown so far.
    """

    def __init__(self, execnet: Any, gateway: Any) -> None:
        self.execnet = execnet
        self.gateway = gateway
        self.lines: list[str] = []
        self._groups: list[Any] = []

    def group(self, *arguments: Any, **keywords: Any) -> Any:
        """Return a new group that is terminated when the program has ended."""
        group = self.execnet.Group(**keywords)
        self._groups.append(group)
        for spec in arguments:
            group.makegateway(spec)
        return group

    def submodule(self, name: str) -> Any:
        """Return what stands for a submodule of execnet."""
        package = "execnet" if self.execnet.__name__ == "execnet" else "xnet.compat"
        return importlib.import_module(f"{package}.{name}")

    def show(self, *values: object) -> None:
        self.lines.append(", ".join(map(repr, values)))

    def attempt(self, function: Callable[..., object], *arguments: Any, **keywords: Any) -> Any:
        """Show what a call returns, or the kind of error it raises."""
        try:
            value = function(*arguments, **keywords)
        except Exception as error:  # noqa: BLE001 - its kind is the result
            self.lines.append(f"raises {self.kind_of(error)}")
            return None
        self.show(value)
        return value

    def kind_of(self, error: BaseException) -> str:
        """Name the class by which a program would catch this error: a public or a builtin one."""
        for kind in type(error).__mro__:
            name: str = kind.__name__
            if getattr(self.execnet, name, None) is kind:
                return f"execnet.{name}"
            if getattr(builtins, name, None) is kind:
                return name
        raise AssertionError(f"{error!r} is not even an Exception")

    def execute(self, source: Any, **keywords: Any) -> None:
        """Execute something on the shared gateway and show all it sends, and how it ends."""
        try:
            channel = self.gateway.remote_exec(source, **keywords)
        except Exception as error:  # noqa: BLE001 - its kind is the result
            self.lines.append(f"raises {self.kind_of(error)}")
            return
        items = []
        try:
            while True:
                items.append(channel.receive(PATIENCE_S))
        except EOFError:
            self.show(items)
        except self.execnet.RemoteError as error:
            self.show(items, self.summary_of(error))

    def summary_of(self, error: Any) -> str:
        """Return the last line of a remote traceback; classes of ours lose their module."""
        words = error.formatted.strip().splitlines()[-1]
        kind, colon, text = words.partition(":")
        if "." in kind:  # its words are its implementation's own
            return str(kind.rpartition(".")[2])
        return f"{kind}{colon}{text}"

    def close(self) -> None:
        for group in self._groups:
            end(group)


class Difference(NamedTuple):
    """A difference that is meant.

    Attributes:
        reason: Why it is better so.
        ours: What the program shows on xnet.
    """

    reason: str
    ours: list[str]


class Programs:
    """Programs of one subject, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Callable[[Lab], None]] = {}

    def add(self, program: Callable[[Lab], None]) -> Callable[[Lab], None]:
        """Add a program (a decorator)."""
        self.by_name[program.__name__] = program
        return program

    def compare(
        self,
        name: str,
        twins: Twins,
        on_purpose: dict[str, Difference],
    ) -> None:
        """Run a program on both; what they show must be the same, or differ on purpose.

        Args:
            name: The program.
            twins: Both implementations.
            on_purpose: Differences that are meant.
        """
        theirs, ours = twins.run(self.by_name[name])
        assert theirs, "a program that shows nothing compares nothing"
        if name in on_purpose:
            assert ours != theirs, "they agree: this needs no entry in ON_PURPOSE"
            theirs = on_purpose[name].ours
        elif ours != theirs:
            # execnet has races of its own. Ours has to show the same each time.
            theirs, ours_again = twins.run(self.by_name[name])
            assert ours_again == ours, "ours differs from run to run"
        words = "\n".join(difflib.unified_diff(theirs, ours, "expected", "xnet", n=1, lineterm=""))
        assert ours == theirs, words


class Twins:
    """Both implementations, each with a gateway."""

    def __init__(self) -> None:
        # Under the alias this would compare xnet with itself.
        execnet = pytest.importorskip("execnet", reason="compares with released execnet, not installed")
        if execnet.__name__ != "execnet":
            pytest.skip("compares with released execnet, for which xnet stands in this process")
        import xnet

        self._sides = [(module, module.Group(["popen"])) for module in (execnet, xnet)]

    def run(self, program: Callable[[Lab], None]) -> list[list[str]]:
        """Return what the program shows on execnet and on xnet."""
        shown = []
        for module, group in self._sides:
            lab = Lab(module, group[0])
            try:
                program(lab)
            finally:
                lab.close()
            shown.append(lab.lines)
        return shown

    def find(self, name: str) -> list[Any]:
        """Return what ``Group.makegateway`` or ``multi:safe_terminate`` is in execnet and in xnet."""
        module_name, _, path = name.rpartition(":")
        found = []
        for module, group in self._sides:
            value = Lab(module, group[0]).submodule(module_name) if module_name else module
            for part in path.split("."):
                value = getattr(value, part)
            found.append(value)
        return found

    def close(self) -> None:
        for _, group in self._sides:
            end(group)


def end(group: Any) -> None:
    """Terminate a group and leave no zombie: execnet does not wait for what it has killed."""
    gateways = [*group, *group._gateways_to_join]
    group.terminate(timeout=1)
    for gateway in gateways:
        process = getattr(gateway._io, "popen", None)
        if process is not None:
            process.kill()
            process.wait(PATIENCE_S)


def make_twins() -> Iterator[Twins]:
    """Make the twins for a test file, and end them."""
    twins = Twins()
    yield twins
    twins.close()
