"""HELLO, EXEC and the like, checked."""

from . import explaining
from .decoding import decode, make_table
from .encoding import encode, head
from .errors import Broken, Malformed
from .interpreter import Integers, Text
from .protocol import (
    CHANNEL_LIMIT,
    CONTROL_DEPTH,
    DEPTH_LIMIT,
    ENCODE_DEPTH,
    EXEC,
    FRAME_LIMIT,
    FRAME_NAMES,
    GRACE,
    HELLO,
    HELLO_LIMIT,
    HELLO_MALFORMED,
    INTERRUPT_GRACE,
    ITEM_COST,
    ITEM_LIMIT,
    MAX_CREDIT,
    PAYLOAD_MALFORMED,
    PROTOCOL,
    TERMINATE,
    VERSION_UNSUPPORTED,
    WINDOW,
)
from .strings import as_text

_control = make_table(True, False, None)


def decode_control(payload, kind, code=PAYLOAD_MALFORMED):
    """Return the value of a control payload (FR-015)."""
    try:
        return decode(_control, payload, 0, CONTROL_DEPTH)
    except Malformed as error:
        raise Broken(code, "the payload of %s is malformed: %s" % (FRAME_NAMES[kind], error))


def must(condition, code, text, *values):
    """Raise Broken unless the condition holds."""
    if not condition:
        raise Broken(code, text % tuple(map(explaining.short, values)))


def is_number(value, least=0, most=2**64 - 1):
    return type(value) in Integers and least <= value <= most


def is_text_map(value):
    return type(value) is dict and all(type(key) is Text for key in value)


CONFIG_TYPES = {
    "id": (Text,), "execmodel": (Text,), "env": (dict,), "chdir": (Text,), "nice": Integers, "alias": (bool,),
    "dont_write_bytecode": (bool,), "keepalive": Integers,
    "stdout": (Text,),
}  # fmt: skip


def check_hello(payload):
    """Return limits, credit, config and features of the initiator's HELLO (HS-010 to HS-015)."""
    code = HELLO_MALFORMED
    hello = decode_control(payload, HELLO, code)
    must(type(hello) is dict, code, "HELLO is no map but %s", hello)
    version = hello.get("version")
    good = type(version) is list and len(version) == 2 and is_number(version[0]) and is_number(version[1])
    must(good, code, '"version" in HELLO is not [major, minor] but %s', version)
    if version[0] != PROTOCOL[0]:
        text = "the initiator speaks version %d.%d, this worker speaks %d.%d; the major versions must be equal"
        raise Broken(VERSION_UNSUPPORTED, text % (tuple(version) + PROTOCOL))
    must(is_text_map(hello), code, "HELLO is no map with texts as keys but %s", hello)
    name = hello.get("implementation", Text())
    must(type(name) is Text, code, '"implementation" in HELLO is no text but %s', name)
    features = hello.get("features", [])
    good = type(features) is list and all(type(feature) is Text for feature in features)
    must(good, code, '"features" in HELLO is no list of texts but %s', features)
    given = hello.get("limits", {})
    must(is_text_map(given), code, '"limits" in HELLO is no map with texts as keys but %s', given)
    limits = {"frame": FRAME_LIMIT, "item": ITEM_LIMIT, "depth": DEPTH_LIMIT, "channels": CHANNEL_LIMIT, "memory": 2**64 - 1}
    for key, least in (("frame", HELLO_LIMIT), ("item", 1), ("depth", CONTROL_DEPTH), ("channels", 1), ("memory", 65536)):
        limits[key] = value = given.get(key, limits[key])
        must(is_number(value, least), code, '"limits.%s" in HELLO is %%s, not a number from %d on' % (key, least), value)
    limits["depth"] = min(limits["depth"], ENCODE_DEPTH)
    limits["item"] = min(limits["item"], limits["memory"] - ITEM_COST)  # what it does not keep it does not take (LI-011)
    credit = hello.get("credit", WINDOW)
    must(is_number(credit, 65536, MAX_CREDIT), code, '"credit" in HELLO is %s, not a number from 65536 to 2^31-1', credit)
    config = hello.get("config", {})
    must(is_text_map(config), code, '"config" in HELLO is no map with texts as keys but %s', config)
    for key, kinds in CONFIG_TYPES.items():
        good = key not in config or type(config[key]) in kinds
        must(good, code, '"config.%s" in HELLO has a value of the wrong type: %%s' % key, config.get(key))
    for key, value in config.get("env", {}).items():
        # The value may be a secret and is not shown.
        good = type(key) is Text and (value is None or type(value) is Text)
        must(good, code, '"config.env" in HELLO does not map %s to a text or null', key)
    return limits, credit, config, features


def check_exec(payload):
    """Return what a CHANNEL_EXEC asks for, None if that follows (GW-001, GW-002, GW-006)."""
    request = decode_control(payload, EXEC)
    code = PAYLOAD_MALFORMED
    must(is_text_map(request), code, "CHANNEL_EXEC is no map with texts as keys but %s", request)
    kinds = [kind for kind in ("source", "service", "follows") if kind in request]
    must(len(kinds) == 1, code, 'CHANNEL_EXEC has %s of "source", "service" and "follows", not one', len(kinds))
    source = request[kinds[0]]
    if kinds == ["follows"]:
        must(source is True, code, '"follows" in CHANNEL_EXEC is not true but %s', source)
        return None
    must(type(source) is Text, code, '"' + kinds[0] + '" in CHANNEL_EXEC is no text but %s', source)
    for key in ("file", "call", "language"):
        value = request.get(key)
        must(value is None or type(value) is Text, code, '"' + key + '" in CHANNEL_EXEC is no text but %s', value)
    kwargs = request.get("kwargs", {})
    must(is_text_map(kwargs), code, '"kwargs" in CHANNEL_EXEC is no map with texts as keys but %s', kwargs)
    return source, request.get("file"), request.get("call"), kwargs, request.get("language"), kinds[0]


def check_terminate(payload):
    """Return the two times of a GATEWAY_TERMINATE in seconds (GR-001)."""
    times = decode_control(payload, TERMINATE)
    must(is_text_map(times), PAYLOAD_MALFORMED, "GATEWAY_TERMINATE is no map with texts as keys but %s", times)
    found = times.get("finish", GRACE), times.get("interrupt", INTERRUPT_GRACE)
    for value in found:
        text = "GATEWAY_TERMINATE has the time %s, expected 0 to 86400000 milliseconds"
        must(is_number(value, 0, 86400000), PAYLOAD_MALFORMED, text, value)
    return found[0] / 1000.0, found[1] / 1000.0


def encode_map(pairs):
    """Return a map of texts to values; the texts are plain, so that Python 2 does not send them as its str."""
    out = [head(5, len(pairs))]
    for key, value in pairs:
        if type(value) is str:
            value = as_text(value)
        elif type(value) in (list, tuple):
            value = type(value)([as_text(part) if type(part) is str else part for part in value])
        out += encode(as_text(key)), value if isinstance(value, Payload) else encode(value)
    return b"".join(out)


class Payload(bytes):
    """What is CBOR already."""
