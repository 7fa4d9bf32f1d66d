"""Released execnet as a testee: its frames 0 to 7 and its dump format 2, in place of HELLO and CBOR.

Cases that are about what both protocols share run on it unchanged; everything else is reported as
unsupported, and never counts as passed.
"""
