"""What is scored."""

from __future__ import annotations

import pytest

from xnet_conformance.case import LAYERS, ROLES, Case
from xnet_conformance.case_files import load_cases
from xnet_conformance.errors import UsageError
from xnet_conformance.profiles import FOLDER, Profile, read_profile

WORKER = read_profile("1.0-worker")


def case(**fields: object) -> Case:
    return Case(**{"id": "a.b", "layer": "flow", "req": ("FC-001",), "steps": (), **fields})  # type: ignore[arg-type]


def test_each_profile_can_be_read_and_scores_something() -> None:
    names = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert names == ["1.0-adapter", "1.0-initiator", "1.0-worker", "legacy-2.1"]
    cases = load_cases()
    for name in names:
        profile = read_profile(name)
        assert profile.title
        assert profile.role in ROLES
        assert set(profile.layers) <= set(LAYERS)
        scored = [one for one in cases if profile.scores(one)]
        assert {one.layer for one in scored} <= set(profile.layers)
        assert len(scored) > 100


def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"unknown profile '2\.0'; profiles are 1\.0-adapter, "):
        read_profile("2.0")
    with pytest.raises(UsageError):
        read_profile("../profiles/1.0-workers")


@pytest.mark.parametrize(
    ("fields", "scored"),
    [
        ({}, True),
        ({"roles": ("initiator",)}, False),
        ({"roles": ("initiator", "worker")}, True),
        ({"since": "1.1"}, False),
        ({"since": "0.9"}, True),
        ({"since": "1.10"}, False),
        ({"until": "1.0"}, False),
        ({"until": "1.1"}, True),
    ],
)
def test_a_case_counts_for_its_roles_and_versions(fields: dict[str, object], scored: bool) -> None:
    assert WORKER.scores(case(**fields)) is scored
    assert not WORKER.lacks(case(**fields))


def test_a_layer_that_a_profile_has_not_is_not_scored() -> None:
    adapter = Profile("a", "worker", "1.0", (), ("wire.values",), "title")
    assert not adapter.scores(case())


def test_what_is_borrowed_counts_and_the_rest_is_shown() -> None:
    legacy = Profile("l", "legacy", "1.0", (), ("flow",), "title", "worker", ("a.*",))
    assert legacy.scores(case())
    assert legacy.scores(case(id="z.z", roles=("legacy",)))
    other = case(id="z.z")
    assert (legacy.scores(other), legacy.lacks(other)) == (False, True)
    initiator = case(roles=("initiator",))
    assert (legacy.scores(initiator), legacy.lacks(initiator)) == (False, False)
