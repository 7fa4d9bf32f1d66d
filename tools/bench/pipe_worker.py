"""What a process spawned by multiprocessing runs. It imports nothing: its start-up is measured."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def work(source: str, connection: Connection[object, object]) -> None:
    """Run a role with both directions of `connection`, then stay until the other side hangs up."""
    namespace: dict[str, object] = {}
    exec(source, namespace)
    main = namespace["main"]
    main(connection.send, connection.recv)  # type: ignore[operator]
    try:
        connection.recv()
    except EOFError:
        pass
