"""Errors as what closes a channel: sent, and received."""

from .errors import RemoteError
from .interpreter import Text, native
from .payloads import decode_control, encode_map, is_number, is_text_map, must
from .protocol import CLOSE_ERROR, ERROR_LIMIT, PAYLOAD_MALFORMED
from .strings import as_text


def fit(text, limit):
    """Return the text in at most ``limit`` bytes of UTF-8, its middle replaced by a note if it is longer."""
    data = as_text(text).encode("utf-8")
    if len(data) <= limit:
        return data.decode("utf-8")
    note = "\n[... cut here: %d bytes, of which %d can be sent ...]\n" % (len(data), limit)
    room = (limit - len(note)) // 2
    return data[:room].decode("utf-8", "ignore") + note + data[-room:].decode("utf-8", "ignore")


def encode_error(error):
    """Return the payload of a CHANNEL_CLOSE_ERROR: frames are left out first, from the middle (CH-042)."""
    pairs = []
    room = ERROR_LIMIT - 64
    for key, most in (("code", 1024), ("type", 1024), ("message", 16384), ("formatted", room)):
        value = getattr(error, key)
        if value is not None:
            value = fit(value, min(most, room))
            room -= len(value.encode("utf-8"))
            pairs.append((key, value))
    frames = [[as_text(name), line, as_text(function)] for name, line, function in error.frames]
    while frames and sum([len((name + function).encode("utf-8")) + 20 for name, _, function in frames]) > room:
        del frames[len(frames) // 2]
    pairs.insert(0, ("text", pairs.pop()[1]))
    return encode_map(pairs + [("frames", frames)] if frames else pairs)


def check_error(payload):
    """Return the error that a CHANNEL_CLOSE_ERROR carries (CH-041, CH-043, CH-048)."""
    code = PAYLOAD_MALFORMED
    must(len(payload) <= ERROR_LIMIT, code, "CHANNEL_CLOSE_ERROR has %s bytes, more than 65536", len(payload))
    told = decode_control(payload, CLOSE_ERROR)
    must(is_text_map(told), code, "CHANNEL_CLOSE_ERROR is no map with texts as keys but %s", told)
    for key in ("text", "code", "type", "message"):
        value = told.get(key, None if key in ("text", "code") else Text())
        must(type(value) is Text, code, '"' + key + '" in CHANNEL_CLOSE_ERROR is no text but %s', value)
    frames = told.get("frames", [])
    good = type(frames) is list and all(type(one) is list and len(one) == 3 for one in frames)
    good = good and all(type(one[0]) is Text and is_number(one[1]) and type(one[2]) is Text for one in frames)
    must(good, code, '"frames" in CHANNEL_CLOSE_ERROR is no list of [file, line, function] but %s', frames)
    frames = tuple(map(tuple, frames))
    return RemoteError(told["text"], native(told["code"]), told.get("type"), told.get("message"), frames)
