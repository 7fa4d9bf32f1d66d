"""Profiles of the generated tests."""

from __future__ import annotations

import os

from hypothesis import settings

import wire_strategies  # noqa: F401 - registers the profiles

settings.load_profile("wire-fuzz" if os.environ.get("XNET_FUZZ") else "wire")
