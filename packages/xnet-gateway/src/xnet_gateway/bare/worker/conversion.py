"""Values for what stands for one."""

from .errors import DumpError, Refused
from .explaining import explain, module_of, short
from .interpreter import IS_PYPY, PY2, Integers, Text
from .strings import as_seen, has_surrogate, surrogate_text


def encode_converted(encoders, surrogates, item, levels):
    """Encode what was refused as it is, or raise DumpError."""
    item = Conversion(encoders, surrogates).value_of(item, levels)
    out = []
    try:
        encoders[type(item)](out.append, item, levels)
    except (Refused, UnicodeEncodeError):
        raise DumpError(explain(encoders, item, levels))
    return b"".join(out)


class Conversion(object):
    """Makes values of what stands for one (VA-012): instances of subclasses that are named like their base, which is
    what execnet goes by, and scalars of numpy. Both are known by names, so nothing is imported. Content is read with
    the methods of the built-in type."""

    CONTENT = dict((kind, kind.__pos__) for kind in Integers + (float, complex))
    for kind in (bytes, Text, bytearray, list, tuple):
        CONTENT[kind] = lambda item, get=kind.__getitem__: get(item, slice(None))
    for kind in (set, frozenset):
        CONTENT[kind] = lambda item, kind=kind: kind(kind.__iter__(item))
    CONTENT[dict] = lambda item: dict(dict.items(item))

    #: numpy's families of scalars, by their names in its versions.
    FAMILIES = {
        "bool": bool, "bool_": bool, "integer": lambda item: item.__index__(), "floating": float,
        "complexfloating": complex, "str_": CONTENT[Text], "unicode_": CONTENT[Text], "bytes_": CONTENT[bytes],
        "string_": CONTENT[bytes],
    }  # fmt: skip
    #: Members of them that no value keeps exactly.
    ONLY_NUMPY = "timedelta64 longdouble float96 float128 clongdouble complex192 complex256".split()

    def __init__(self, accepted, surrogates=False):
        self.accepted = accepted  # types
        self.surrogates = surrogates  # whether texts may have them

    def value_of(self, item, levels, path=""):
        """Return the item with values in place of what stands for them; what stands for none stays as it is."""
        kind = type(item)
        if kind not in self.accepted:
            item = self.one(item, kind)
            kind = type(item)
        if kind is Text and self.surrogates:
            try:
                data = item.encode("utf-8")
            except UnicodeEncodeError:
                # One by one in PyPy: for a whole text it takes time by the square of its length.
                data = b"".join([one.encode("utf-8", "surrogatepass") for one in (item if IS_PYPY else [item])])
            return surrogate_text(item, data) if has_surrogate(data) else item
        if levels <= 0 and kind in (list, tuple, dict, set, frozenset):
            # At once: what contains itself twice has no end.
            text = "can't serialize a %s nested this deeply at %s: there is a limit, or it contains itself."
            raise DumpError(text % (kind.__name__, path))
        if kind in (list, tuple):
            return kind([self.value_of(one, levels - 1, "%s[%d]" % (path[:400], n)) for n, one in enumerate(item)])
        if kind is dict:
            pairs = []
            for key, value in list(item.items()):
                value = self.value_of(value, levels - 1, "%s[%s]" % (path[:400], short(key)))
                pairs.append((self.value_of(key, levels - 1, "%s.<key %s>" % (path[:400], short(key))), value))
            self.check([key for key, _ in pairs], kind, path)
            return dict(pairs)
        if kind in (set, frozenset):
            step = "%s.<element %s>"
            items = [self.value_of(one, levels - 1, step % (path[:400], short(one))) for one in list(item)]
            self.check(items, kind, path)
            return kind(items)
        return item

    def one(self, item, kind):
        name = kind.__name__
        if module_of(kind) == "numpy":
            families = [] if name in self.ONLY_NUMPY else self.FAMILIES
            for base in kind.__mro__:
                if base.__name__ in families and module_of(base) == "numpy":
                    return self.FAMILIES[base.__name__](item)
            return item
        for base in kind.__mro__[1:]:
            if base in self.accepted and base.__name__ == name:
                return self.CONTENT[base](item)
        # It has no subclasses, so this is somebody's own; it knows whether it is true.
        return bool(item) if name == "bool" else item

    def check(self, members, kind, path):
        """Refuse keys or elements that were different, and hashable, as what they are only (VA-011)."""
        what = "keys" if kind is dict else "elements"
        where = " at " + path if path else ""
        seen = set()
        for member in members:
            if PY2:
                member = as_seen(member)
            try:
                known = member in seen
            except TypeError:
                found = "with %s among its %s" % (short(member), what)
            else:
                found = known and "in which two %s become equal, both %s" % (what, short(member))
            if found:
                raise DumpError("can't serialize a %s %s%s." % (kind.__name__, found, where))
            seen.add(member)
