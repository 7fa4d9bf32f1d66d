from __future__ import annotations

from wire_strategies import registry
from xnet_wire import codes


def test_every_code_has_its_name() -> None:
    constants = {
        name: value for name, value in vars(codes).items() if name.isupper() and isinstance(value, int)
    }
    assert {value: name for name, value in constants.items() if name != "TYPE_CHECKING"} == codes.NAMES


def test_codes_are_those_of_the_registry() -> None:
    assert {int(row["code"]): row["name"] for row in registry("error_codes")} == codes.NAMES
