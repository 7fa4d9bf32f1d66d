"""Sentences about values: what is in the way of sending one."""

from .errors import Refused
from .interpreter import Integers, Text


def module_of(kind):
    return getattr(kind, "__module__", None)  # a class made by exec may have none


def explain(encoders, item, levels, path=""):
    """Return a sentence about the first thing in the item that cannot be sent, or None."""
    kind = type(item)
    where = " at " + path if path else ""
    if kind not in encoders:
        base = [b for b in kind.__mro__[1:-1] if b in encoders]
        only = " (a subclass of %s; only %s itself is taken)" % (base[0].__name__, base[0].__name__) if base else ""
        module = module_of(kind)
        name = kind.__name__ if module in (None, "builtins", "__builtin__") else module + "." + kind.__name__
        return "can't serialize an object of type %s%s%s." % (name, only, where)
    members = []
    cost = 0
    if kind is dict:
        cost = 1
        for key, value in list(item.items()):
            members.append((key, ".<key %s>" % short(key)))
            members.append((value, "[%s]" % short(key)))
    elif kind in (list, tuple):
        cost = 1 if kind is list else 2
        members = [(member, "[%d]" % number) for number, member in enumerate(item)]
    elif kind in (set, frozenset):
        cost = 2
        members = [(member, ".<element %s>" % short(member)) for member in item]
    if levels < cost:
        return "can't serialize a %s nested this deeply%s: the other side takes a limited number of levels." % (
            kind.__name__,
            where[:400],
        )
    for member, step in members:
        found = explain(encoders, member, levels - cost, path + step if len(path) < 400 else path)
        if found:
            return found
    try:
        if not members:
            encoders[kind]([].append, item, levels)
    except UnicodeEncodeError as error:
        return "can't serialize a text that is not valid Unicode%s: %s." % (where, error)
    except Refused:
        return "can't serialize this %s%s: it is nested too deeply or no valid Unicode." % (kind.__name__, where)
    return None


def short(value):
    """Return a representation for messages: bounded, and without the inside of containers."""
    if type(value) in (bytes, Text):
        return repr(value) if len(value) <= 40 else repr(value[:40]) + "..."
    if value is None or type(value) in (bool, float, complex) or (type(value) in Integers and abs(value) < 2**128):
        return repr(value)
    return "<%s>" % type(value).__name__
