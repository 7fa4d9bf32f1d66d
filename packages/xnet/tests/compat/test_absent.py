"""Names that are not part of xnet say so, and what to use."""

from __future__ import annotations

import importlib
import types
from pathlib import Path

import pytest

from xnet.alias import TARGETS
from xnet.compat.absent import absent_class, absent_function, missing

GUIDE = Path(__file__).parents[4] / "docs" / "migrating-from-execnet.md"


def test_a_function_refuses_to_be_called() -> None:
    function = absent_function("execnet.a.f", "use g()")
    assert function.__name__ == "f"
    with pytest.raises(NotImplementedError, match=r"^execnet\.a\.f is not part of xnet: use g\(\)$"):
        function(1, two=2)


def test_a_class_refuses_to_be_made_but_not_to_be_asked_and_inherited_from() -> None:
    base = absent_class("execnet.a.C", "use D")
    derived = types.new_class("Derived", (base,))
    for kind in (base, derived):
        with pytest.raises(NotImplementedError, match=r"^execnet\.a\.C is not part of xnet: use D$"):
            kind(1, two=2)
    assert not isinstance(object(), base)
    assert base.__name__ == "C"


def test_a_value_is_an_attribute_error() -> None:
    assert str(missing("execnet.a", "V", {"V": "use W"})) == "execnet.a.V is not part of xnet: use W"
    text = "module 'execnet.a', for which xnet stands, has no attribute 'X'"
    assert str(missing("execnet.a", "X", {"V": "use W"})) == text


def names_of_execnet() -> list[tuple[str, str]]:
    """List every name that a module of released execnet defines."""
    try:
        found = [(name, importlib.import_module(name)) for name in TARGETS if name != "execnet"]
    except ImportError:  # not installed, or this very test runs under the alias
        return []
    return [
        (module_name, name)
        for module_name, module in found
        for name, value in vars(module).items()
        if not name.startswith("__")
        and name != "TYPE_CHECKING"
        and not isinstance(value, types.ModuleType)
        and getattr(value, "__module__", module_name) == module_name
    ]


def test_every_name_of_execnet_is_there_or_says_what_to_use() -> None:
    names = names_of_execnet()
    if not names:
        pytest.skip("compares with released execnet, which is not installed")
    guide = GUIDE.read_text(encoding="utf-8") if GUIDE.exists() else None
    silent = []
    undocumented = set()
    for module_name, name in names:
        module = importlib.import_module(TARGETS[module_name])
        try:
            value = getattr(module, name)
        except AttributeError as error:
            if f"{module_name}.{name} is not part of xnet: " not in str(error):
                silent.append(f"{module_name}.{name}")
            undocumented.add(name)
        else:
            if "is not part of xnet: " in (getattr(value, "__doc__", None) or ""):
                undocumented.add(name)
    assert silent == []
    assert guide is None or {name for name in undocumented if f"`{name}`" not in guide} == set()
