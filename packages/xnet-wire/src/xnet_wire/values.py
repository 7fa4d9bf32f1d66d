"""Values: Python objects to CBOR and back, over the closed set of types.

Two codecs share the work. The *engine* (compiled cbor2) does what is provably plain; the *exact*
codec (``value_encoding``, ``value_decoding``) knows every rule, gives every error its sentence,
and takes whatever the engine is not trusted with. So the fast path never decides that something
is wrong; it only decides that something is certainly right.

Spec: 30-values.md (VA-001 to VA-031).
"""

from __future__ import annotations

from functools import partial

from xnet_wire import speedups
from xnet_wire.engine import dumps
from xnet_wire.errors import DumpError, ReferenceRefused, ValueFormatError
from xnet_wire.limits import DEPTH, MIN_DEPTH
from xnet_wire.value_decoding import decode_exact
from xnet_wire.value_encoding import ARRAY, BYTES, TAG, encode_exact, head
from xnet_wire.value_plain import (
    FEW_KEYS_BYTES,
    NOT_PLAIN,
    PLAIN_LEVELS,
    all_sendable,
    decode_plain,
    lower,
    lower_members,
    raise_unless_engine_gave_up,
)
from xnet_wire.value_types import DEFAULT_STRINGS, SENDABLE_SCALARS, TUPLE_TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final, Protocol

    Buffer = bytes | bytearray | memoryview

    class ItemDecoder(Protocol):
        """What decodes the items of a connection: a ``ValueDecoder``, or the compiled one in front of it."""

        def decode(self, payload: Buffer, strings: tuple[bool, bool] = ...) -> Any:
            """See ``ValueDecoder.decode``."""

        def decode_batch(self, payload: Buffer, strings: tuple[bool, bool] = ...) -> list[Any]:
            """See ``ValueDecoder.decode_batch``."""


#: From here on a string is copied once by hand rather than several times by the engine.
_BY_HAND_BYTES: Final = 128

_TUPLE_HEAD: Final = head(TAG, TUPLE_TAG)
#: First byte of a large number, not negative and negative.
_BIGNUM_HEADS: Final = (0xC2, 0xC3)


def encode(
    item: object,
    channel_type: type | None = None,
    channel_id: Callable[[object], int | None] | None = None,
    max_depth: int = DEPTH,
    surrogates: bool = False,
) -> bytes:
    """Encode one item.

    Args:
        item: Any of None, bool, int, float, complex, str, bytes, bytearray, memoryview, list,
            tuple, dict, set, frozenset and channels, nested freely. Exact types, subclasses that
            are named like their base, and scalars of numpy (see ``value_conversion``): any other
            subclass is refused, and so is a memoryview in keys and elements. It must not be
            changed by another thread meanwhile.
        channel_type: Type of the objects that are sent as channel references, None for none.
        channel_id: Gives the id of such an object, or None when it belongs elsewhere. What it
            raises is passed on.
        max_depth: Deepest nesting the receiver takes, at least 64.
        surrogates: Whether the receiver takes texts with surrogates. Spec: VA-013.

    Returns:
        The CBOR of the item.

    Raises:
        DumpError: Our caller's item holds something that cannot be sent; the message names it
            and the path to it, as in ``[1]['report'][3]``.

    Threads: any.
    """
    kind = type(item)
    try:
        if kind in SENDABLE_SCALARS:
            if kind is bytes and len(item) >= _BY_HAND_BYTES:  # type: ignore[arg-type]
                return head(BYTES, len(item)) + item  # type: ignore[arg-type, operator]
            return dumps(item)
        if max_depth >= MIN_DEPTH:
            if kind is tuple:
                # The engine writes a bare tuple as an array: only the tag before it is missing.
                if all_sendable(map(type, item)):  # type: ignore[call-overload]
                    return _TUPLE_HEAD + dumps(item)
                members = lower_members(item, PLAIN_LEVELS, channel_type, channel_id)  # type: ignore[arg-type]
                return _TUPLE_HEAD + dumps(members)
            return dumps(lower(item, PLAIN_LEVELS, channel_type, channel_id))
    except BaseException as error:  # noqa: BLE001 - the exact encoder says what was wrong
        raise_unless_engine_gave_up(error)
    try:
        return encode_exact(item, channel_type, channel_id, max_depth, surrogates)
    except RecursionError:
        raise DumpError("Cannot send the item: the Python stack is used up here.") from None


def make_encoder(
    channel_type: type | None = None,
    channel_id: Callable[[object], int | None] | None = None,
    max_depth: int = DEPTH,
    surrogates: bool = False,
) -> Callable[[object], bytes]:
    """Return what encodes the items of one connection: compiled where that is here, else ``encode`` itself.

    Args:
        channel_type: As for ``encode``.
        channel_id: As for ``encode``.
        max_depth: As for ``encode``.
        surrogates: As for ``encode``.

    Returns:
        A function of an item; see ``encode`` for what it returns and raises.
    """
    pure = partial(
        encode, channel_type=channel_type, channel_id=channel_id, max_depth=max_depth, surrogates=surrogates
    )
    if speedups.module is None or max_depth < MIN_DEPTH:  # the compiled one does not count so few levels
        return pure
    return speedups.module.Encoder(pure).encode  # type: ignore[no-any-return]


def make_decoder(make_channel: Callable[[int], object] | None = None, max_depth: int = DEPTH) -> ItemDecoder:
    """Return what decodes the items of one connection: compiled where that is here, else a ``ValueDecoder``.

    Args:
        make_channel: As for ``ValueDecoder``.
        max_depth: As for ``ValueDecoder``.
    """
    pure = ValueDecoder(make_channel, max_depth)
    return pure if speedups.module is None else speedups.module.Decoder(pure, max_depth)


def encode_parts(
    item: object,
    part_bytes: int,
    channel_type: type | None = None,
    channel_id: Callable[[object], int | None] | None = None,
    max_depth: int = DEPTH,
    surrogates: bool = False,
) -> list[bytes | memoryview]:
    """Encode one item as pieces of at most ``part_bytes``.

    The content of large bytes is not copied: the pieces after the first, which is the head alone,
    are views of it. So keep the list only until it is sent.

    Args:
        item: As for ``encode``.
        part_bytes: Largest piece, at least 16.
        channel_type: As for ``encode``.
        channel_id: As for ``encode``.
        max_depth: As for ``encode``.
        surrogates: As for ``encode``.

    Returns:
        One piece or more, none of them empty; joined they are what ``encode`` returns.

    Raises:
        DumpError: As for ``encode``.

    Threads: any.
    """
    pieces: list[bytes | memoryview] = []
    if type(item) is bytes and len(item) + 9 > part_bytes:
        pieces.append(head(BYTES, len(item)))
        data = item
    else:
        data = encode(item, channel_type, channel_id, max_depth, surrogates)
        if len(data) <= part_bytes:
            return [data]
    view = memoryview(data)
    pieces.extend(view[start : start + part_bytes] for start in range(0, len(view), part_bytes))
    return pieces


def encode_batch(encoded_items: Sequence[bytes]) -> bytes:
    """Join encoded items to the payload of a CHANNEL_BATCH frame.

    Args:
        encoded_items: What ``encode`` returned, one item or more.

    Returns:
        A CBOR array of the items.

    Threads: any.
    """
    return head(ARRAY, len(encoded_items)) + b"".join(encoded_items)


def count_batch(payload: Buffer) -> int:
    """Return how many items a CHANNEL_BATCH payload says it has, without decoding them.

    Args:
        payload: The payload of the frame.

    Returns:
        The count, at least 1 and at most the length of the payload.

    Raises:
        ValueFormatError: The peer sent something that does not begin an array, or an impossible
            count.

    Threads: any.
    """
    _, count, size = read_head(payload)
    if size == 0 or payload[0] >> 5 != ARRAY or not 1 <= count <= len(payload) - size:
        raise ValueFormatError(
            "Malformed batch: the payload does not begin with a definite array of one item or more "
            f"that fits its {len(payload)} bytes."
        )
    return count


def read_head(payload: Buffer) -> tuple[int, int, int]:
    """Return (major type, argument, bytes of the head); bytes are 0 when there is no definite head."""
    if not payload:
        return 0, 0, 0
    major = payload[0] >> 5
    info = payload[0] & 31
    if info < 24:
        return major, info, 1
    size = 1 << (info - 24)
    if info > 27 or len(payload) <= size:
        return major, 0, 0
    return major, int.from_bytes(payload[1 : 1 + size], "big"), 1 + size


#: What the only byte of a payload says, where it says something immutable.
_ONE_BYTE_ITEMS: Final[list[Any]] = [*range(24), *[NOT_PLAIN] * 232]
_ONE_BYTE_ITEMS[0x20:0x38] = range(-1, -25, -1)
_ONE_BYTE_ITEMS[0x40], _ONE_BYTE_ITEMS[0x60] = b"", ""
_ONE_BYTE_ITEMS[0xF4:0xF7] = False, True, None


def _decode_string(payload: Buffer) -> Any:
    """Decode a payload that is one string, by hand: one copy; or return ``NOT_PLAIN``."""
    major, length, size = read_head(payload)
    if size and length == len(payload) - size:
        content = memoryview(payload)[size:]
        if major == BYTES:
            return bytes(content)
        try:
            return str(content, "utf-8")
        except UnicodeDecodeError:
            pass
    return NOT_PLAIN


def _decode_bignum(payload: Buffer) -> Any:
    """Decode a payload that is one large number, by hand: no copy but the number; or return ``NOT_PLAIN``."""
    content = memoryview(payload)[1:]
    major, length, size = read_head(content[:9])
    if not size or major != BYTES or length != len(content) - size:
        return NOT_PLAIN
    number = int.from_bytes(content[size:], "big")
    return number if payload[0] == _BIGNUM_HEADS[0] else ~number


class ValueDecoder:
    """Decode the items of one connection.

    Total: any bytes give an item or a ``ValueFormatError``.

    Args:
        make_channel: Gives the channel for an id in a reference; None where no channel can be
            received. What it raises is passed on, a ``ReferenceRefused`` only if all else is right.
        max_depth: Deepest nesting this side announced it takes.

    Threads: any, if ``make_channel`` allows it.
    """

    __slots__ = ("_make_channel", "_max_depth", "_string_keys")

    def __init__(self, make_channel: Callable[[int], object] | None = None, max_depth: int = DEPTH) -> None:
        self._make_channel = make_channel
        self._max_depth = max_depth
        # Whether all items so far had only strings as keys; while they do, decoding is quicker.
        self._string_keys = True

    def decode(self, payload: Buffer, strings: tuple[bool, bool] = DEFAULT_STRINGS) -> Any:
        """Decode one item.

        Args:
            payload: The CBOR of exactly one item.
            strings: (py2str_as_py3str, py3str_as_py2str), the coercion flags of the receiver.

        Returns:
            The item.

        Raises:
            ValueFormatError: The peer sent something malformed or outside the closed set.
        """
        if strings == DEFAULT_STRINGS:
            size = len(payload)
            if size == 1:
                item = _ONE_BYTE_ITEMS[payload[0]]
            elif size and 0x40 <= payload[0] < 0x80:
                item = _decode_string(payload)
            elif size > _BY_HAND_BYTES and payload[0] in _BIGNUM_HEADS:
                item = _decode_bignum(payload)
            else:
                item = self._decode_plain(payload, self._max_depth)
            if item is not NOT_PLAIN:
                return item
        return self._decode_exact(payload, strings, self._max_depth)

    def decode_batch(self, payload: Buffer, strings: tuple[bool, bool] = DEFAULT_STRINGS) -> list[Any]:
        """Decode the items of a CHANNEL_BATCH payload.

        Args:
            payload: A CBOR array of one item or more.
            strings: As for ``decode``.

        Returns:
            The items, in order.

        Raises:
            ValueFormatError: As for ``decode``, or the payload is not such an array.
        """
        count_batch(payload)
        if strings == DEFAULT_STRINGS:
            # The array of the batch takes a level that its items do not have to spare.
            items = self._decode_plain(payload, self._max_depth + 1)
            if items is not NOT_PLAIN:
                return items  # type: ignore[no-any-return]
        return self._decode_exact(payload, strings, self._max_depth + 1)  # type: ignore[no-any-return]

    def _decode_plain(self, payload: Buffer, max_depth: int) -> Any:
        """Decode with the engine, trying first what the items so far had in common."""
        if self._string_keys or len(payload) > FEW_KEYS_BYTES:
            item = decode_plain(payload, max_depth, True)
            if item is not NOT_PLAIN:
                return item
        item = decode_plain(payload, max_depth)
        if item is not NOT_PLAIN:
            self._string_keys = False
        return item

    def _decode_exact(self, payload: Buffer, strings: tuple[bool, bool], max_depth: int) -> Any:
        """Decode by the exact rules, with the stack's end as one more thing to refuse."""
        references = None if self._make_channel is None else _References(self._make_channel)
        try:
            item = decode_exact(bytes(payload), max_depth, strings, references)
        except RecursionError:
            raise ValueFormatError("Cannot decode the item: the Python stack is used up here.") from None
        if references is not None and references.refusal is not None:
            raise references.refusal
        return item


class _References:
    """The channels that one item refers to; what is wrong with the rest of it is said first. Spec: ER-020."""

    __slots__ = ("_make_channel", "refusal")

    def __init__(self, make_channel: Callable[[int], object]) -> None:
        self._make_channel = make_channel
        self.refusal: ReferenceRefused | None = None

    def __call__(self, id_: int) -> object:
        try:
            return self._make_channel(id_)
        except ReferenceRefused as refusal:
            if self.refusal is None:
                self.refusal = refusal
            return "refused", id_  # as a key it differs from the others
