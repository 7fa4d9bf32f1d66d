"""Texts, which are not the same in Python 2 and 3, and those that are not valid Unicode."""

from . import imports
from .interpreter import PY2, Text, sys


def as_text(something):
    """Return valid text: bytes as UTF-8, and whatever is no Unicode replaced."""
    if isinstance(something, bytes):
        return something.decode("utf-8", "replace")
    if not isinstance(something, Text):
        try:
            something = Text(something)
        except Exception:  # its __str__ is the user's, or gives bytes that are no ASCII
            try:
                something = str(something).decode("utf-8", "replace")
            except Exception:
                something = Text(repr(type(something)))
    data = something.encode("utf-8", "replace")
    if PY2 and has_surrogate(data):  # which are no error there
        with imports.own_imports():
            data = __import__("re").sub(b"\xed[\xa0-\xbf][\x80-\xbf]", b"?", data)
    return data.decode("utf-8", "replace")


def has_surrogate(data):
    """Return whether bytes that Python 2 takes for UTF-8 hold surrogates, which are not UTF-8."""
    if len(data) > 500 and 0xED not in bytearray(data):
        return False  # which looks at several bytes at a time, as `find` there does not
    at = data.find(b"\xed")
    while at >= 0:
        if data[at + 1 : at + 2] >= b"\xa0":
            return True
        at = data.find(b"\xed", at + 3)
    return False


class SurrogateText(Text):
    """A text that has surrogates, with its bytes as ``utf8``: what one becomes before it is encoded (VA-013), and what
    arrives in Python 2 if there is a pair in it, which would be one character when it is sent on (VA-010)."""

    if sys.maxunicode < 0x10000:  # two units, as that character: it is another key, all the same

        def __eq__(self, other):
            return type(other) is SurrogateText and other.utf8 == self.utf8

        def __ne__(self, other):
            return not self == other

        def __hash__(self):
            return hash(self.utf8)


def surrogate_text(text, utf8):
    text = SurrogateText(text)
    text.utf8 = utf8
    return text


def as_seen(key):
    """Return a key of Python 2 as the other side compares it: there, a ``str`` becomes text."""
    if type(key) in (tuple, frozenset):
        return type(key)(map(as_seen, key))
    return key.decode("latin-1") if type(key) is bytes else key


def path_text(path):
    """Return a path as valid text of bounded length, or None (GW-022, GW-030)."""
    if not path:
        return None
    return as_text(path[:5000] if PY2 else path[:5000].encode("utf-8", "surrogateescape"))
