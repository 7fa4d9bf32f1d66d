"""The group as a container, and how it names and makes its members."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from xnet_gateway.xspec import XSpec
from xnet_group import Group

if TYPE_CHECKING:
    from xnet_gateway.gateway import Gateway


def test_members_by_number_id_and_themselves(three: Group) -> None:
    first = three[0]
    assert three["a"] is first
    assert three[first] is first
    assert three[-1] is three["c"]
    assert len(three) == 3
    assert [gateway.id for gateway in three] == ["a", "b", "c"]
    assert repr(three) == "<Group ['a', 'b', 'c']>"
    for present in (first, "b", 2):
        assert present in three
    for absent in ("d", 3, object(), None):
        assert absent not in three
    with pytest.raises(KeyError, match="'d'"):
        three["d"]
    with pytest.raises(IndexError):
        three[3]


def test_iteration_is_over_a_copy(group: Group) -> None:
    group.makegateways(["popen"] * 2)
    for gateway in group:
        gateway.exit()
    assert len(group) == 0


def test_default_specification(group: Group) -> None:
    gateway = group.makegateway()
    assert gateway.id == "gw0"
    assert str(gateway.spec) == "popen"
    assert gateway.spec.execmodel == "thread"
    group.defaultspec = "popen//id=mine"
    assert group.makegateway().id == "mine"


def test_an_empty_specification_is_the_default_one(group: Group) -> None:
    group.defaultspec = XSpec("popen//id=mine")
    assert group.makegateway("").id == "mine"
    group.defaultspec = "popen"
    assert [gateway.id for gateway in group.makegateways(["", None])] == ["gw0", "gw1"]


def test_a_subclass_makes_the_gateways_of_its_constructor() -> None:
    class Marking(Group):
        def makegateway(self, spec: str | XSpec | None = None, **more: Any) -> Gateway:
            gateway = super().makegateway(spec, **more)
            setattr(gateway, "marked", True)  # noqa: B010 - no attribute that a type checker knows
            return gateway

    with Marking(["popen", "popen"]) as group:
        assert [getattr(gateway, "marked", False) for gateway in group] == [True, True]


def test_a_gateway_is_registered_once(group: Group) -> None:
    gateway = group.makegateway()
    with pytest.raises(ValueError, match="has already been in a group: <Group"):
        group._register(gateway)
    assert len(group) == 1


def test_specifications_may_be_objects_and_get_what_they_lack(group: Group) -> None:
    spec = XSpec("popen//chdir=/")
    gateway = group.makegateway(spec)
    assert gateway.spec is spec
    assert (spec.id, spec.execmodel) == ("gw0", "thread")
    assert gateway.remote_exec("import os; channel.send(os.getcwd())").receive(200) == "/"


def test_allocate_id_gives_each_number_once() -> None:
    group = Group()
    specs = [XSpec("popen") for _ in range(400)]
    start = threading.Barrier(4)

    def allocate(some: list[XSpec]) -> None:
        start.wait()
        for spec in some:
            group.allocate_id(spec)

    threads = [threading.Thread(target=allocate, args=(specs[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {spec.id for spec in specs} == {f"gw{number}" for number in range(400)}


def test_allocate_id_keeps_an_id_and_skips_those_in_use(group: Group) -> None:
    group.makegateway("popen//id=gw0")
    named, unnamed = XSpec("popen//id=gw0"), XSpec("popen")
    group.allocate_id(named)
    group.allocate_id(unnamed)
    assert (named.id, unnamed.id) == ("gw0", "gw1")


def test_an_id_belongs_to_one_member(group: Group) -> None:
    gateway = group.makegateway("popen//id=w")
    with pytest.raises(
        ValueError, match=r"the id 'w' of 'popen//id=w' is already used by another gateway of <Group"
    ):
        group.makegateway("popen//id=w")
    with pytest.raises(ValueError, match="the id 'x' of"):
        group.makegateways(["popen//id=x", "popen//id=x"])
    assert list(group) == [gateway]
    gateway.exit()
    assert group.makegateway("popen//id=w").id == "w"


def test_numbers_given_out_are_none_of_the_chosen_ids(group: Group) -> None:
    assert [gateway.id for gateway in group.makegateways(["popen", "popen//id=gw0"])] == ["gw1", "gw0"]


def test_gateways_made_by_many_threads_have_different_ids(group: Group) -> None:
    made: list[Gateway] = []
    threads = [threading.Thread(target=lambda: made.append(group.makegateway())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {gateway.id for gateway in made} == {"gw0", "gw1", "gw2", "gw3"}
    assert set(group) == set(made)


def test_remote_exec_takes_functions_with_arguments(three: Group) -> None:
    def double(channel, number):  # type: ignore[no-untyped-def]
        channel.send(number * 2)

    assert three.remote_exec(double, number=4).receive_each() == [8, 8, 8]


def test_leaving_a_with_block_ends_the_members() -> None:
    with Group(["popen"]) as group:
        gateway = group[0]
        assert gateway.remote_exec("channel.send(1)").receive(200) == 1
    assert len(group) == 0
    assert gateway.returncode == 0


def test_execution_models_are_set_before_there_are_gateways(group: Group) -> None:
    assert (group.execmodel.backend, group.remote_execmodel.backend) == ("thread", "thread")
    group.set_execmodel("thread", "main_thread_only")
    assert (group.execmodel.backend, group.remote_execmodel.backend) == ("thread", "main_thread_only")
    gateway = group.makegateway()
    assert gateway.remote_status().execmodel == "main_thread_only"
    assert group.makegateway("popen//execmodel=thread").remote_status().execmodel == "thread"
    with pytest.raises(ValueError, match=r"can not set execution models of <Group \['gw0', 'gw1'\]>"):
        group.set_execmodel("thread")


def test_unknown_execution_models_change_nothing() -> None:
    group = Group(execmodel="main_thread_only")
    assert group.remote_execmodel.backend == "main_thread_only"
    with pytest.raises(ValueError, match="unknown execmodel 'foo'"):
        group.set_execmodel("thread", "foo")
    assert group.execmodel.backend == "main_thread_only"


def test_a_string_is_no_list_of_specifications() -> None:
    with pytest.raises(ValueError, match="expected a list of gateway specifications, got the string 'popen'"):
        Group("popen")


def test_a_long_lived_group_forgets_those_that_ended(group: Group) -> None:
    for _ in range(3):
        gateway = group.makegateway()
        gateway.exit()
        assert gateway._wait_ended(time.monotonic() + 200)
    assert len(group._gateways_to_join) == 1
