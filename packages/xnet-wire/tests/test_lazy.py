from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import xnet_wire
from xnet_wire.lazy import list_names, load_name

HOMES = {"Struct": "struct", "pi": "math"}


def test_a_name_is_loaded_from_its_home_and_kept() -> None:
    package: dict[str, object] = {"__name__": "example"}
    first = load_name(package, HOMES, "pi")
    assert first == 3.141592653589793
    assert package == {"__name__": "example", "pi": first}


def test_a_name_without_a_home_is_the_error_that_python_gives() -> None:
    package: dict[str, object] = {"__name__": "example"}
    with pytest.raises(AttributeError, match=r"^module 'example' has no attribute 'struct'$"):
        load_name(package, HOMES, "struct")
    assert package == {"__name__": "example"}


def test_what_goes_wrong_in_the_home_is_not_hidden() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
        load_name({"__name__": "example"}, {"name": "nowhere_at_all"}, "name")
    with pytest.raises(AttributeError, match="tau_and_a_half"):
        load_name({"__name__": "example"}, {"tau_and_a_half": "math"}, "tau_and_a_half")


def test_all_names_are_listed_once() -> None:
    assert list_names({"b": 1, "pi": 2}, ["pi", "a"]) == ["a", "b", "pi"]


def test_a_package_with_it(tmp_path: Path) -> None:
    """Attribute, both imports, star, dir, a submodule, and a name that is not there."""
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "__init__.py").write_text(
        "_HOMES = {'Thing': 'example.things'}\n"
        "__all__ = ['Thing']\n"
        "def __getattr__(name):\n"
        "    from xnet_wire.lazy import load_name\n"
        "    return load_name(globals(), _HOMES, name)\n"
        "def __dir__():\n"
        "    from xnet_wire.lazy import list_names\n"
        "    return list_names(globals(), __all__)\n"
    )
    (tmp_path / "example" / "things.py").write_text("class Thing: pass\n")
    (tmp_path / "example" / "others.py").write_text("")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import example
assert "example.things" not in sys.modules
assert "Thing" in dir(example)
from example import others
assert "example.things" not in sys.modules
from example import Thing
assert example.Thing is Thing is vars(example)["Thing"]
scope = {{}}
exec("from example import *", scope)
assert scope["Thing"] is Thing
try:
    from example import nothing
except ImportError as error:
    assert "nothing" in str(error)
else:
    raise SystemExit("imported")
print(hasattr(example, "nothing"))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("False\n", "")


def test_what_is_loaded_lazily_is_pickled_by_its_real_home() -> None:
    limits = pickle.loads(pickle.dumps(xnet_wire.Limits))
    assert limits is xnet_wire.Limits
    error = pickle.loads(pickle.dumps(xnet_wire.WireError(3, "why")))
    assert (type(error), error.code, str(error)) == (xnet_wire.WireError, 3, "why")
