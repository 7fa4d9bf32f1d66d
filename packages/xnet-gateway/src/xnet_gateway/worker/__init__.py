"""The full worker: runs what the initiator sends, where our packages are installed.

Nothing here may import ``attrs``, ``typing``, ``inspect`` or the like: it is what every fresh
interpreter loads before it can do anything (docs/decisions/0001).
"""
