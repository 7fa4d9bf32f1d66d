"""What the shell offers when the user presses the tab key."""

from __future__ import annotations

from click.shell_completion import CompletionItem

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

#: The beginnings of specifications that people type.
BEGINNINGS = (
    ("popen", "this machine"),
    ("popen//python=", "another interpreter on this machine"),
    ("ssh=", "another machine, through the ssh program"),
    ("docker=", "a container that runs"),
    ("podman=", "a container that runs"),
    ("kubectl=", "a pod"),
    ("lxc=", "a container that runs"),
    ("sudo=", "another user on this machine"),
    ("command=", "whatever this command reaches"),
    ("socket=", "a server: HOST:PORT"),
    ("unix=", "a server: a path"),
    ("listen=", "a worker that connects to us: HOST:PORT"),
    ("srun", "a task of Slurm"),
    ("vagrant_ssh=", "a machine of Vagrant"),
    ("wsl=", "a distribution"),
)


def complete_spec(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the beginnings of specifications that go with what was typed."""
    return [CompletionItem(text, help=words) for text, words in BEGINNINGS if text.startswith(incomplete)]
