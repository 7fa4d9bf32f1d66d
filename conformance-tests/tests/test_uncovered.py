"""Every requirement has a case or a reason why not, and no reason outlives the case that makes it void."""

from __future__ import annotations

import yaml

from xnet_conformance.case_files import load_cases
from xnet_conformance.specification import SUITE, requirements


def test_every_requirement_has_a_case_or_a_reason() -> None:
    reasons = yaml.safe_load((SUITE / "uncovered.yaml").read_text(encoding="utf-8"))
    covered = {id_ for case in load_cases() if set(case.roles) - {"legacy"} for id_ in case.req}
    assert sorted(set(requirements()) - covered - set(reasons)) == []
    assert sorted(set(reasons) & covered) == []
    assert sorted(set(reasons) - set(requirements())) == []
    assert [id_ for id_, reason in reasons.items() if not isinstance(reason, str) or not reason] == []
