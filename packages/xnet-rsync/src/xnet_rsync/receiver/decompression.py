"""Bodies of messages are uncompressed, without more memory than was announced. Spec: RS-010, RS-011."""

import zlib

from .codes import MOST_BYTES, STORED, ZLIB, ZSTD
from .later import loading
from .refusals import Refused, must, must_be_number
from .system import part


def unpack(compression, data, start, size):
    """Return the uncompressed rest of a message.

    Args:
        compression: How it is compressed. Spec: RS-010.
        data: The message.
        start: Where the rest begins.
        size: How much it has to be, at most MOST_BYTES. Not much more memory is spent. Spec: RS-011.
    """
    must_be_number(size, 0, MOST_BYTES)
    if compression == STORED:
        must(len(data) - start == size, "%d bytes announced, %d sent", size, len(data) - start)
        return part(data, start, size)
    packed = bytes(data[start:])
    must(compression in (ZLIB, ZSTD), "the compression %r", compression)
    try:
        if compression == ZLIB:
            reader = zlib.decompressobj()
            # What comes out as unused shows where the stream ends; Python 2 has no other way to know.
            body = reader.decompress(packed + b"\0", size + 1)
            complete = reader.unused_data == b"\0"
        else:
            body, complete = unpack_zstd(packed, size)
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - each library has its own
        raise Refused("rsync: refused what the sender said: %s" % error)
    must(len(body) == size and complete, "%d bytes announced, others sent", size)
    return body


def unpack_zstd(packed, size):
    """Uncompress one frame of at most so many bytes; return them, and whether it was complete."""
    try:
        with loading():
            from compression.zstd import ZstdDecompressor
    except ImportError:
        with loading():
            import zstandard

        must(zstandard.frame_content_size(packed) == size, "a frame of another size than announced")
        reader = zstandard.ZstdDecompressor().decompressobj()
        body = reader.decompress(packed)
        return body, reader.eof and not reader.unused_data
    reader = ZstdDecompressor()
    body = reader.decompress(packed, max_length=size + 1)
    return body, reader.eof and not reader.unused_data


def find_compressions(offered):
    """Return which of the compressions that the sender offers are understood here."""
    if u"zstd" not in offered:
        return []
    for name in ("compression.zstd", "zstandard"):
        try:
            with loading():
                __import__(name)
        except ImportError:
            continue
        return [u"zstd"]
    return []
