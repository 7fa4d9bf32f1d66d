"""The gateway specification: ``key=value//key//env:NAME=value`` as an object.

Parsing only: which keys mean something, and which values they take, is `spec_rules`' business, so
that a program may carry its own keys through a spec and read them from ``gateway.spec``.

A plain class and not one of attrs: attributes are open (any key, assignable, unset is None), equality
and hash go by the text, and the first gateway of a program should not pay for importing attrs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xnet_wire.limits import Limits

SEPARATOR = "//"
ENV_PREFIX = "env:"


class XSpec:
    """One gateway specification.

    A key without ``=value`` has the value True; the value is everything behind the first ``=``. Every
    key becomes an attribute, an attribute that no key named is None. ``env:NAME=value`` goes into the
    dictionary ``env`` instead, where a later entry of the same name replaces an earlier one.

    Attributes may be assigned (a group assigns ``id`` and ``execmodel``); the text, which decides
    ``str()``, ``==`` and ``hash()``, stays the one that was parsed.

    Spec: the keys are listed in `xnet_gateway.spec_rules`.
    """

    popen: str | bool | None = None
    ssh: str | bool | None = None
    ssh_config: str | bool | None = None
    vagrant_ssh: str | bool | None = None
    command: str | bool | None = None
    docker: str | bool | None = None
    podman: str | bool | None = None
    kubectl: str | bool | None = None
    lxc: str | bool | None = None
    wsl: str | bool | None = None
    sudo: str | bool | None = None
    srun: str | bool | None = None
    unix: str | bool | None = None
    secret_file: str | bool | None = None
    tls: str | bool | None = None
    tls_ca: str | bool | None = None
    tls_cert: str | bool | None = None
    tls_key: str | bool | None = None
    socket: str | bool | None = None
    listen: str | bool | None = None
    listen_timeout: str | bool | None = None
    when_listening: Callable[[str, bytes], object] | None = None
    installvia: str | bool | None = None
    via: str | bool | None = None
    python: str | bool | None = None
    worker: str | bool | None = None
    chdir: str | bool | None = None
    nice: str | bool | int | None = None
    id: str | None = None
    execmodel: str | bool | None = None
    dont_write_bytecode: str | bool | None = None
    keepalive: str | bool | None = None
    limits: str | bool | Limits | None = None
    stdout: str | bool | None = None
    stderr: str | bool | None = None
    env: dict[str, str | bool]

    def __init__(self, string: str) -> None:
        """Parse a specification.

        Args:
            string: The whole text, for example ``"popen//id=w1//env:A=b"``.

        Raises:
            TypeError: ``string`` is not a string (our caller's fault).
            ValueError: A key is empty or given twice (our caller's fault).
            AttributeError: A key begins with an underscore, so it would hide an attribute of Python's
                or ours (our caller's fault).
        """
        if not isinstance(string, str):
            raise TypeError(f"a gateway specification is a string, not {type(string).__name__}: {string!r}")
        self._spec = string
        self.env = {}
        # vars(self) and not hasattr(): a key may have the name of a method, but none may come twice,
        # and "env" itself is taken by the dictionary.
        values = vars(self)
        for entry in string.split(SEPARATOR):
            key, equals, text = entry.partition("=")
            value: str | bool = text if equals else True
            if not key:
                raise ValueError(
                    f"an entry of the gateway specification {string!r} has no key:"
                    f" expected key=value or key between each {SEPARATOR!r}, found {entry!r}"
                )
            if key.startswith("_"):
                raise AttributeError(
                    f"{key!r} is not a key of a gateway specification:"
                    f" names beginning with an underscore are reserved (in {string!r})"
                )
            if key.startswith(ENV_PREFIX):
                self.env[key[len(ENV_PREFIX) :]] = value
            elif key in values:
                hint = " (environment variables are written env:NAME=value)" if key == "env" else ""
                raise ValueError(f"duplicate key {key!r} in the gateway specification {string!r}{hint}")
            else:
                values[key] = value

    def __getattr__(self, name: str) -> None:
        """Give None for a key that was not set.

        Raises:
            AttributeError: The name begins with an underscore; such names are never keys, and copying
                and pickling probe for them.
        """
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _samefilesystem(self) -> bool:
        """Tell whether paths of this process mean the same in the gateway's process."""
        return self.popen is not None and self.chdir is None

    def __repr__(self) -> str:
        return f"<XSpec {self._spec!r}>"

    def __str__(self) -> str:
        return self._spec

    def __hash__(self) -> int:
        return hash(self._spec)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, XSpec):
            return self._spec == other._spec
        return NotImplemented


def without_values(spec: XSpec) -> str:
    """Return the text of a specification without values of environment variables, which may be secrets."""
    return SEPARATOR.join(
        f"{entry.partition('=')[0]}=..." if entry.startswith(ENV_PREFIX) else entry
        for entry in str(spec).split(SEPARATOR)
    )
