"""HELLOs that are nearly right: each limit at its ends, each key with a value of a wrong type."""

from __future__ import annotations

from typing import Any, Final

from xnet_conformance.case import Case

_LEAST: Final = {"frame": 65_536, "item": 1, "depth": 64, "channels": 1, "memory": 65_536}
_MOST: Final = dict.fromkeys(_LEAST, 2**64 - 1)
_CREDIT: Final = (65_536, 2_147_483_647)
_WRONG_NUMBERS: Final[dict[str, object]] = {
    "bool": True,
    "float": {"t": "float", "v": "1048576.0"},
    "null": None,
    "negative": -1_048_576,
    "beyond-64-bits": 2**64,
}
#: Other keys of the map, with a value that is not valid for them.
_WRONG: Final[dict[str, dict[str, object]]] = {
    "implementation-null": {"implementation": None},
    "implementation-bytes": {"implementation": {"t": "bytes", "v": "61"}},
    "features-null": {"features": None},
    "features-tuple": {"features": {"t": "tuple", "v": ["a"]}},
    "features-second": {"features": ["a", None]},
    "features-behind-known": {"features": ["surrogates", 5]},
    "features-behind-all-known": {"features": ["python.strings", "surrogates", {"t": "bytes", "v": "61"}]},
    "features-before-known": {"features": [None, "surrogates"]},
    "features-before-all-known": {"features": [1, "python.strings", "surrogates"]},
    "limits-null": {"limits": None},
    "limits-key": {"limits": {"t": "dict", "v": [["frame", 65_536], [1, 2]]}},
    "version-null": {"version": None},
    "version-text": {"version": "1.0"},
    "version-tuple": {"version": {"t": "tuple", "v": [1, 0]}},
    "version-bools": {"version": [True, False]},
    "version-minor-null": {"version": [1, None]},
    "version-beyond-64-bits": {"version": [2**64, 0]},
    "version-minor-beyond-64-bits": {"version": [1, 2**64]},
}
#: The same in the configuration.
_WRONG_CONFIG: Final[dict[str, object]] = {
    "id": 5,
    "execmodel": None,
    "env": ["A"],
    "chdir": None,
    "nice": "1",
    "alias": 1,
    "dont_write_bytecode": None,
    "stdout": False,
    "keepalive": {"t": "float", "v": "1000.0"},
}
_WRONG_CONFIG_KEYS: Final[dict[str, dict[str, object]]] = {
    "nice-bool": {"nice": True},
    "keepalive-bool": {"keepalive": True},
    "alias-null": {"alias": None},
    "env-number": {"env": {"A": 5}},
    "env-bool": {"env": {"A": False}},
    "env-key": {"env": {"t": "dict", "v": [["A", "b"], [1, "x"]]}},
    "key": {"t": "dict", "v": [["id", "x"], [1, 2]]},
}
#: To others these are keys that they do not know.
_KEYS_OF_PYTHON: Final = ("alias", "alias-null", "dont_write_bytecode")
_OF_PYTHON: Final[dict[str, tuple[str, ...]]] = {"req": ("PY-004", "HS-013"), "needs": ("exec.python",)}
#: An error of CBOR comes before the version, and the version before everything else.
_VERSIONS: Final = {
    "trailing": ("a16776657273696f6e82020000", "HELLO_MALFORMED"),
    "twice": ("a26776657273696f6e8202006776657273696f6e820200", "HELLO_MALFORMED"),
    "unknown-tag": ("a26776657273696f6e8202006178c100", "HELLO_MALFORMED"),
    "zero": ("a16776657273696f6e820000", "VERSION_UNSUPPORTED"),
    "largest": ("a16776657273696f6e821bffffffffffffffff00", "VERSION_UNSUPPORTED"),
    "bignum": ("a16776657273696f6e82c2410200", "VERSION_UNSUPPORTED"),
}


def generate() -> list[Case]:
    """Return the cases."""
    return [*_taken(), *_limits(), *_keys(), *_config(), *_versions()]


def _taken() -> list[Case]:
    fields: dict[str, tuple[str, dict[str, Any]]] = {
        "least": ("the least of each limit", {"limits": _LEAST, "credit": _CREDIT[0]}),
        "most": ("the most of each limit", {"limits": _MOST, "credit": _CREDIT[1]}),
        "none": ("limits, features and a configuration with nothing in them", {"limits": {}, "features": []}),
        "unknown": (
            "unknown keys and names, whatever their values are",
            {
                "limits": {
                    "frame": 65_536,
                    "later": {"t": "dict", "v": [[1, {"t": "set", "v": []}]]},
                    "": None,
                },
                "features": ["", "surrogates", "later.ü"],
                "later": {"t": "float", "v": "nan"},
            },
        ),
    }
    return [
        Case(
            id=f"gateway.hello.taken.{name}",
            layer="gateway",
            req=("HS-012", "HS-010") if name == "unknown" else ("HS-013", "LI-001"),
            title=title,
            roles=("worker", "initiator"),
            own=True,
            start={"handshake": False},
            steps=({"say_hello": {**hello, "config": {}}}, {"barrier": True}),
            source="generated: hello rules",
        )
        for name, (title, hello) in fields.items()
    ]


def _refused(name: str, hello: dict[str, Any], control: str, **more: Any) -> Case:
    return Case(
        id=f"gateway.hello.refused.{name}",
        layer="gateway",
        req=more.pop("req", ("HS-013", "FR-018")),
        needs=more.pop("needs", ()),
        title=f"HELLO: {name.replace('.', ' ').replace('-', ' ')}",
        roles=more.pop("roles", ("worker", "initiator")),
        own=True,
        control=control,
        start={"handshake": False},
        steps=(more.pop("send", {"say_hello": hello}), {"goaway": more.pop("code", "HELLO_MALFORMED")}),
        source="generated: hello rules",
    )


def _limits() -> list[Case]:
    cases = [_refused("memory.too-small", {"limits": {"memory": 65_535}}, "gateway.hello.taken.least")]
    for kind, wrong in _WRONG_NUMBERS.items():
        cases += [
            _refused(f"{key}.{kind}", {"limits": {**_LEAST, key: wrong}}, "gateway.hello.taken.least")
            for key in _LEAST
        ]
        cases.append(_refused(f"credit.{kind}", {"credit": wrong}, "gateway.hello.taken.least"))
    return cases


def _keys() -> list[Case]:
    return [_refused(name, hello, "gateway.hello.taken.none") for name, hello in _WRONG.items()]


def _config() -> list[Case]:
    wrong: dict[str, Any] = {f"{key}": {key: value} for key, value in _WRONG_CONFIG.items()}
    return [
        _refused(
            f"config.{name}",
            {"config": config},
            "gateway.hello.taken.none",
            roles=("worker",),
            **(_OF_PYTHON if name in _KEYS_OF_PYTHON else {}),
        )
        for name, config in {**wrong, **_WRONG_CONFIG_KEYS}.items()
    ]


def _versions() -> list[Case]:
    return [
        _refused(
            f"version.{name}",
            {},
            "gateway.hello.only-version",
            send={"send": {"HELLO": {"hex": data}}},
            code=code,
        )
        for name, (data, code) in _VERSIONS.items()
    ]
