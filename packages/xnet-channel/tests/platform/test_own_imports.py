"""Blocks in which imports work as at the beginning. In workers: xnet's ``test_changed_imports.py``."""

from __future__ import annotations

import builtins
import sys

import pytest

from programs import output_of
from xnet_channel.platform.own_imports import OwnImports

#: Keeps how imports work, and sees to it that those modules are not loaded.
HEAD = """
import builtins, sys, threading
from xnet_channel.platform.own_imports import OWN_IMPORTS
OWN_IMPORTS.keep()
for name in ("colorsys", "wave", "wsgiref", "wsgiref.util"):
    assert name not in sys.modules
"""


def test_where_nothing_was_kept_a_block_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    meta_path = list(sys.meta_path)
    imports = OwnImports()
    with imports:
        assert sys.meta_path == meta_path
        assert not imports.entered
        monkeypatch.setattr(sys, "path_importer_cache", {})
        with pytest.raises(ImportError):
            import colorsys  # noqa: F401


def test_it_finds_what_it_could_find() -> None:
    output = output_of(f"""{HEAD}
sys.path[:] = ["/no/such"]
sys.meta_path[:] = []
sys.path_hooks[:] = []
sys.path_importer_cache.clear()
with OWN_IMPORTS:
    import colorsys, wsgiref.util
print(colorsys.__name__, wsgiref.util.__name__, sys.meta_path)
with OWN_IMPORTS:
    try:
        import no_such_module
    except ImportError as error:
        print(error)
""")
    assert output == "colorsys wsgiref.util []\nNo module named 'no_such_module'\n"


def test_what_code_has_taken_away_is_there_in_a_block_and_away_after_it() -> None:
    output = output_of(f"""{HEAD}
say = print
def refuse(*arguments, **named):
    raise ImportError("refused")
def mine(*arguments):
    pass
builtins.__import__ = refuse
builtins.print = None
builtins.input = mine
del builtins.open
del sys.modules["threading"]
with OWN_IMPORTS:
    import wave  # which takes `open` from `builtins`
    say(print is say, callable(open), builtins.input is mine, "threading" in sys.modules)
say(builtins.print, hasattr(builtins, "open"), builtins.input is mine, builtins.__import__ is refuse,
    "threading" in sys.modules, "wave" in sys.modules)
""")
    assert output == "True True True True\nNone False True True False True\n"


def test_what_code_changes_meanwhile_stays() -> None:
    output = output_of(f"""{HEAD}
say, real = print, open
builtins.open = None
del sys.modules["threading"]
with OWN_IMPORTS:
    builtins.open = 3
    sys.modules["threading"] = 4
say(builtins.open, sys.modules["threading"])
""")
    assert output == "3 4\n"


def test_what_is_no_list_at_all() -> None:
    output = output_of(f"""{HEAD}
sys.path = sys.path_hooks = None
sys.meta_path = ()
with OWN_IMPORTS:
    import colorsys
    try:
        import no_such_module
    except ModuleNotFoundError as error:
        print(error)
print(sys.meta_path, sys.path)
del sys.meta_path, sys.path
with OWN_IMPORTS:
    import wave
print(hasattr(sys, "meta_path"))
""")
    assert output == "No module named 'no_such_module'\n() None\nFalse\n"


def test_it_is_for_the_thread_in_the_block_alone() -> None:
    output = output_of(f"""{HEAD}
sys.path[:] = []
sys.path_importer_cache.clear()
def other():
    try:
        import colorsys
    except ImportError:
        print("not for others", OWN_IMPORTS.entered)
with OWN_IMPORTS:
    with OWN_IMPORTS:
        pass
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    import colorsys
    print("for this one", OWN_IMPORTS.entered, OWN_IMPORTS in sys.meta_path)
print(OWN_IMPORTS in sys.meta_path)
""")
    assert output == "not for others False\nfor this one True True\nFalse\n"


def test_a_forked_child_has_blocks_of_its_own() -> None:
    output = output_of(f"""{HEAD}
import os
OWN_IMPORTS._lock.acquire()  # as another thread might
if os.fork() == 0:
    with OWN_IMPORTS:
        import colorsys
    print("loaded", flush=True)
    os._exit(0)
os.wait()
""")
    assert output == "loaded\n"


def test_a_module_is_loaded_once() -> None:
    imports = OwnImports()
    assert imports.module("colorsys") is imports.module("colorsys") is sys.modules["colorsys"]
    assert builtins.__dict__["open"] is open
