"""What to do about an error, by the words of the program that reported it."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Words -> advice; the first that is found counts. The words are those of ssh, docker, sudo, shells, systems.
_TABLE: Final = (
    (
        r"ended before it began an xnet connection; it said nothing",
        "The program ended without a word. Run it by hand; what worker= names must speak the protocol",
    ),
    (
        r"host key verification failed|remote host identification has changed",
        (
            "ssh does not know this machine, or knows a different one by that name. Connect once by hand and "
            "compare its fingerprint; if it was reinstalled: ssh-keygen -R HOST"
        ),
    ),
    (
        (
            r"permission denied \(|too many authentication failures|"
            r"permission denied, please try again"
        ),
        (
            "The machine refused the login for this user. Check the user (ssh=USER@HOST), that "
            "the key is offered (ssh-add -l, or IdentityFile in ~/.ssh/config) and allowed there; "
            "ssh -v HOST true says more"
        ),
    ),
    (
        (
            r"could not resolve|name or service not known|temporary failure in name resolution|"
            r"nodename nor servname|no address|name does not resolve"
        ),
        ("The name is unknown. Check the spelling, ~/.ssh/config, and the name server (getent hosts HOST)"),
    ),
    (
        r"connection refused|was refused",
        (
            "The machine answers, but nothing listens at that port. Check the port, and that sshd, "
            "or xnet serve, runs there"
        ),
    ),
    (
        r"no route to host|network is unreachable|timed out|operation timed out|host is down",
        ("The network does not reach that machine. Check that it is on, the VPN, and firewalls in between"),
    ),
    (
        r"no such container|is not running|no such object|pods? \S+ not found|instance not found",
        ("No such container is running. List them: docker ps, podman ps, kubectl get pods, lxc list"),
    ),
    (
        (
            r"cannot connect to the docker daemon|docker\.sock|"
            r"permission denied while trying to connect"
        ),
        (
            "docker itself does not answer. Check that its daemon is running, and that this user may use "
            "it (docker ps)"
        ),
    ),
    (
        r"a password is required|a terminal is required|no tty present|not in the sudoers",
        ("sudo asks for a password, which cannot be typed here. Allow it without one (NOPASSWD in sudoers)"),
    ),
    (
        r"no python found|python[\d.]*: (?:command )?not found|env: .*python",
        ("The machine does not have this Python. Name one that it has: //python=/path/to/python3"),
    ),
    (
        r"currently not available|nologin",
        ("The account there may not run commands. Choose another user, or another login shell for it"),
    ),
    (
        r"authentication failed|the secret|XNET_SECRET",
        (
            "Both sides need the same secret: //secret_file=FILE or the environment variable "
            "XNET_SECRET_FILE here, --secret-file there"
        ),
    ),
    (
        r"certificate|TLS|SSL",
        (
            "TLS must be turned on on both sides, and the certificate must be trusted: //tls, "
            "//tls_ca=FILE here, --tls-cert there"
        ),
    ),
    (
        r"command not found|not found|no such file or directory|cannot start",
        "A program or file is missing. Check its name, that it is installed, and the PATH",
    ),
    (
        r"permission denied",
        "This user may not run or read that. Check the permissions",
    ),
    (
        r"has more than \d+ bytes|more than \d+ bytes came|before it began an xnet connection",
        (
            "Something there writes to standard output before Python does: .bashrc, a banner, a "
            "wrapper. Have it write to standard error, or only for interactive shells"
        ),
    ),
)
ADVICE: Final = tuple((re.compile(words, re.IGNORECASE), advice) for words, advice in _TABLE)


def advise(text: str, otherwise: str) -> str:
    """Return what to do about an error.

    Args:
        text: What was said.
        otherwise: What to do if these words are unknown.
    """
    return next((advice for words, advice in ADVICE if words.search(text)), otherwise)
