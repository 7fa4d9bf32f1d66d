from __future__ import annotations

import subprocess
import sys

import pytest

import xnet_wire


@pytest.mark.parametrize("name", xnet_wire.__all__)
def test_every_public_name_is_there(name: str) -> None:
    home = sys.modules[xnet_wire._HOMES[name]] if name in vars(xnet_wire) else None
    value = getattr(xnet_wire, name)
    assert callable(value)
    assert home is None or getattr(home, name) is value
    assert name in dir(xnet_wire)


def test_the_lazy_table_is_the_public_list() -> None:
    assert sorted(xnet_wire._HOMES) == xnet_wire.__all__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'xnet_wire' has no attribute 'decode'"):
        _ = xnet_wire.decode


def test_importing_one_module_does_not_import_all() -> None:
    program = (
        "import sys, xnet_wire.frames; print(sorted(m for m in sys.modules if m.startswith('xnet_wire.')))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = ["codes", "errors", "frames", "lazy", "limits"]
    assert result.stdout.strip() == str([f"xnet_wire.{name}" for name in modules])
