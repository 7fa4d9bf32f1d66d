"""Judges implementations of the xnet protocol, in any language, from outside.

The runner shares no code with the implementations it judges: its CBOR, frames and tables are its own, so
that a bug of theirs cannot be taken for the rule.
"""

__version__ = "0.1.0"
