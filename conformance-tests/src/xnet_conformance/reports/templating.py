"""Pages made from templates. Everything a testee says is hostile: templates escape whatever they show."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from xnet_conformance import __version__
from xnet_conformance.results import RED
from xnet_conformance.specification import VERSION

FOLDER: Final = Path(__file__).resolve().parent / "templates"


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **names: Any) -> str:
    """Return a self-contained page: no network, no other file."""
    ours = {
        # Ours, and not what anybody said.
        "style": Markup((FOLDER / "style.css").read_text(encoding="utf-8")),
        "script": Markup((FOLDER / "filter.js").read_text(encoding="utf-8")),
        "suite": __version__,
        "spec": VERSION,
    }
    return _environment().get_template(template).render(**ours, **names)


def colour_of(outcome: str) -> str:
    """Return the class of an outcome: good, bad, warn or none."""
    if outcome in RED:
        return "bad"
    return {"pass": "good", "nonstrict": "warn", "xfail": "warn", "harness-error": "bad"}.get(outcome, "none")


def colour_of_all(outcomes: set[str]) -> str:
    """Return the class of several: the worst decides; without evidence it is "none"."""
    colours = {colour_of(outcome) for outcome in outcomes}
    return next((colour for colour in ("bad", "warn", "good") if colour in colours), "none")
