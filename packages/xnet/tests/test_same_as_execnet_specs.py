"""Gateway specifications are the same objects on execnet and on xnet."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execnet_twins import Difference, Lab, Programs, Twins

PROGRAMS = Programs()
program = PROGRAMS.add

TEXTS = (
    *("popen", "popen=", "popen=1", "POPEN", "a=b=c", "popen//a=", "a==", "a", "x y=z w"),
    *(
        "ssh=-p 50 user@host//ssh_config=/my file",
        "ssh=h//python=/a/b c//chdir=/tmp/",
        "socket=host:1//installvia=gw0",
    ),
    *("vagrant_ssh=default", "via=gw0//popen", "popen///chdir=/tmp", "popen//chdir=a/b", "python=C:\\x y"),
    *(
        "popen//env:A=1//env:A=2//env:B=",
        "popen//env:A",
        "popen//env:A=b=c",
        "popen//env:A B=1",
        "popen//ENV:A=1",
    ),
    *(
        "popen//id=gw0//execmodel=main_thread_only//nice=5//dont_write_bytecode",
        "\xe9=\u20ac",
        "1=2",
        "class=x",
    ),
    *("popen//popen", "id=a//id=b", "popen//x//x=1", "popen//env=1", "env", "_a=1", "popen//__init__=1", "_"),
    *(
        "popen//_samefilesystem=1",
        "\n",
        "popen//a=\n",
        " popen ",
        "popen:x",
        "execmodel=thread//popen//mine=5",
    ),
)
KEYS = st.sampled_from(["popen", "id", "env:A", "env:B", "mine", "chdir", "_x", "env", "ssh", "a b"])
VALUES = st.none() | st.text("ab=/: ", max_size=5).filter(
    lambda text: "//" not in text and not text.endswith("/")
)
MADE = st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=5).map(
    lambda pairs: "//".join(key if value is None else f"{key}={value}" for key, value in pairs)
)


def show_a_specification(lab: Lab, text: str) -> None:
    """Show everything that can be asked of one."""
    try:
        spec = lab.execnet.XSpec(text)
    except Exception as error:  # noqa: BLE001 - its kind is the result
        lab.show(text, lab.kind_of(error))
        return
    lab.show(text, str(spec), repr(spec), f"{spec}", vars(spec))
    lab.show(hash(spec) == hash(text), spec == lab.execnet.XSpec(text), spec != lab.execnet.XSpec(text))
    lab.show(spec == lab.execnet.XSpec("other"), spec != lab.execnet.XSpec("other"), spec == text, bool(spec))
    lab.show(
        spec._samefilesystem(), [getattr(spec, name) for name in ("popen", "python", "id", "never", "env")]
    )


@program
def a_list_of_texts(lab: Lab) -> None:
    for text in TEXTS:
        show_a_specification(lab, text)


@program
def attributes(lab: Lab) -> None:
    spec = lab.execnet.XSpec("popen//id=a")
    for name in ("never", "_never", "__never__", "env", "python", "foo bar", "installvia"):
        lab.attempt(getattr, spec, name)
        lab.show(hasattr(spec, name))
    spec.mine = 3
    spec.id = "b"
    spec._own = 4
    lab.show(spec.mine, spec.id, spec._own, str(spec), spec == lab.execnet.XSpec("popen//id=a"))
    del spec.mine
    lab.show(spec.mine)
    spec.env["A"] = "1"
    lab.show(spec.env, lab.execnet.XSpec("popen").env)


@program
def as_an_object(lab: Lab) -> None:
    make = lab.execnet.XSpec
    spec = make("popen//id=a//env:A=1")
    spec.execmodel = "thread"
    for twin in (copy.copy(spec), copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        lab.show(repr(twin), twin == spec, vars(twin))
    lab.show(
        len({spec, make("popen//id=a//env:A=1")}), {spec: 1}[make(str(spec))], [spec].index(make(str(spec)))
    )
    for function in (len, iter, sorted):
        lab.attempt(function, spec)
    lab.attempt(lambda: spec < spec)
    lab.attempt(lambda: spec["id"])
    lab.show(spec == None, spec != 5, spec == 5)  # noqa: E711 - what a program may say
    lab.attempt(make)
    lab.show(str(make(f"execmodel=main_thread_only//{spec}")))
    own = type("Own", (make,), {})
    lab.show(own("popen") == make("popen"), make("popen") == own("popen"), own("popen").id)


@program
def entries_without_a_key(lab: Lab) -> None:
    for text in ("", "//", "popen//", "//popen", "=x", "popen//=x"):
        lab.attempt(lab.execnet.XSpec, text)


@program
def things_that_are_no_text(lab: Lab) -> None:
    for thing in (None, 5, b"popen", ["popen"]):
        lab.attempt(lab.execnet.XSpec, thing)
    lab.attempt(lab.execnet.XSpec, lab.execnet.XSpec("popen"))


ON_PURPOSE = {
    "entries_without_a_key": Difference(
        "a text that means nothing is a ValueError with a sentence, not an IndexError",
        ["raises ValueError"] * 6,
    ),
    "things_that_are_no_text": Difference(
        "an object of the wrong type is a TypeError with a sentence, not an AttributeError",
        ["raises TypeError"] * 5,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS.by_name)
def test_same(name: str, twins: Twins) -> None:
    PROGRAMS.compare(name, twins, ON_PURPOSE)


@given(MADE)
@settings(max_examples=200)
def test_same_for_any_text(twins: Twins, text: str) -> None:
    def show(lab: Lab) -> None:
        show_a_specification(lab, text)

    theirs, ours = twins.run(show)
    assert ours == theirs
