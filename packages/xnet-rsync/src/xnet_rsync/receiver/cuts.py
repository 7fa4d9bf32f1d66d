"""Where a file is cut into chunks: its content says so, and both sides find the same places. Spec: RS-050."""

from .later import loading
from .system import READ_BYTES, part

with loading():
    import zlib

#: Least size, usual size, marker, bits of the checksum after a marker and after a weak one. Spec: RS-050.
LEVELS = (
    (256, 1280, b"\1\0\3\0", 2, 4),
    (1024, 2048, b"\1\0\3\0", 2, 4),
    (1024, 5120, b"\1\0\3\0\0", 2, 6),
    (4096, 8192, b"\1\0\3\0\0", 2, 6),
    (4096, 20480, b"\1\0\3\0\0", 4, 8),
    (16384, 32768, b"\1\0\3\0\0", 4, 8),
    (16384, 81920, b"\1\0\3\0\0", 6, 10),
    (65536, 131072, b"\1\0\3\0\0", 6, 10),
    (65536, 327680, b"\1\0\3\0\0", 8, 12),
    (262144, 524288, b"\1\0\3\0\0", 8, 12),
    (1048576, 2097152, b"\1\0\3\0\0", 10, 14),
)
WEAK_MARKER = b"\1\0\3"
#: How many bytes before a cut decide whether it is one.
WINDOW = 32
#: Byte to symbol.
SYMBOLS = bytes(bytearray(number & 3 for number in range(256)))


def cut(read, start, end, level, step=READ_BYTES):
    """Yield the chunks of a range of a file: where each begins, and its bytes. Spec: RS-050.

    There is no loop over bytes in here: one call maps all of them to symbols, others find the markers.

    Args:
        read: Called with a number of bytes and an offset; returns less only at the end of the file.
        start: Where the range begins.
        end: Where it ends.
        level: Which row of ``LEVELS``.
        step: How much to read at first; more each time.
    """
    least, usual, marker, bits, weak_bits = LEVELS[level]
    most, width, weak_width = 4 * usual, len(marker), len(WEAK_MARKER)
    mask, weak_mask = (1 << bits) - 1, (1 << weak_bits) - 1
    crc32 = zlib.crc32
    data, symbols = b"", b""
    at, behind = 0, 0  # in the buffer: the last cut; the end of the next marker that was not looked at or is right
    origin = start  # where the buffer begins in the file
    ended = False
    while True:
        if not ended:
            more = read(min(max(step, most), end - origin - len(data)), origin + len(data))
            step = min(2 * step, READ_BYTES)
            ended = not more or origin + len(data) + len(more) >= end
            origin += at
            data = data[at:] + more
            symbols = data.translate(SYMBOLS)
            at, behind = 0, 0
        size = len(data)
        find = symbols.find
        # Up to here a cut can be found without seeing more of the file.
        last = size - 1 if ended else size - most
        while at <= last:
            lowest, highest = at + least, min(at + most, size)
            if behind < lowest:
                behind = find(marker, lowest - width) + width
            # -1 + width: there are no more.
            while width <= behind <= highest and crc32(data[behind - WINDOW : behind]) & mask:
                behind = find(marker, behind - width + 1) + width
            if behind < width:
                behind = size + 1
            following = behind
            if following > highest:
                following = find(WEAK_MARKER, lowest - weak_width, highest) + weak_width
                while following >= weak_width and crc32(data[following - WINDOW : following]) & weak_mask:
                    following = find(WEAK_MARKER, following - weak_width + 1, highest) + weak_width
                if following < weak_width:
                    following = highest
            yield origin + at, part(data, at, following - at)
            at = following
        if ended:
            return
