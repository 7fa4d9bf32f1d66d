"""Streams of numbered items: what arrives is a beginning of what was sent, once and in order."""

from __future__ import annotations

from random import Random
from typing import Final

from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway

#: Whatever is waited for comes much sooner.
PATIENCE_S: Final = 60.0

SOURCE: Final = """
import random
choice = random.Random(seed)
for number in range(count):
    channel.send((number, b"x" * choice.choice((0, 10, 1000, 70_000, 400_000 if number % 50 == 0 else 5))))
"""
ECHO: Final = "for item in channel: channel.send(item)"


class Disturbed(Exception):
    """The worker, or the channel, has ended before its time, as it may here."""


def receive(channel: Channel, seed: int, count: int, random: Random) -> int:
    """Receive a stream; close it somewhere on the way, sometimes. Return how many items came.

    Raises:
        AssertionError: An item is missing, came twice, or is another one.
        Disturbed: It ended early; what came until then was right.
    """
    sizes = Random(seed)
    stop_at = random.choice((None, None, random.randrange(count)))
    for number in range(count):
        if number == stop_at:
            channel.close()
            return number
        try:
            item = _receive_one(channel)
        except (EOFError, RemoteError) as error:
            raise Disturbed(f"after {number} of {count}: {error}") from None
        size = sizes.choice((0, 10, 1000, 70_000, 400_000 if number % 50 == 0 else 5))
        assert item == (number, b"x" * size), (
            f"item {number} is {item[0]} with {len(item[1])} bytes, not {size}"
        )
    channel.waitclose(PATIENCE_S)
    return count


def _receive_one(channel: Channel) -> tuple[int, bytes]:
    while True:
        try:
            item: tuple[int, bytes] = channel.receive(PATIENCE_S)
        except KeyboardInterrupt:  # what is tested: Ctrl-C loses nothing
            continue
        return item


def stream(gateway: Gateway, random: Random) -> int:
    """Have a worker send a stream."""
    seed, count = random.randrange(10**6), random.choice((1, 20, 300))
    channel = gateway.remote_exec(SOURCE.replace("seed", str(seed)).replace("count", str(count)))
    return receive(channel, seed, count, random)


def call_back(gateway: Gateway, random: Random) -> int:
    """Have a worker send a stream to a callback."""
    seed, count = random.randrange(10**6), random.choice((1, 20, 300))
    channel = gateway.remote_exec(SOURCE.replace("seed", str(seed)).replace("count", str(count)))
    numbers: list[int] = []
    channel.setcallback(lambda item: numbers.append(-1 if item is None else item[0]), endmarker=None)
    try:
        channel.waitclose(PATIENCE_S)
    except (EOFError, RemoteError) as error:
        came = numbers[:-1] if numbers and numbers[-1] == -1 else numbers
        assert came == list(range(len(came))), came[:50]
        raise Disturbed(str(error)) from None
    assert numbers == [*range(count), -1], (len(numbers), count)
    return count


def echo(gateway: Gateway, random: Random) -> int:
    """Send items and get them back, some at a time."""
    channel = gateway.remote_exec(ECHO)
    sent = received = 0
    payload = b"y" * random.choice((1, 3000, 100_000))
    try:
        for _ in range(random.choice((1, 10, 30))):
            batch = random.choice((1, 1, 7))
            if random.random() < 0.5:
                channel.send_many((sent + number, payload) for number in range(batch))
            else:
                for number in range(batch):
                    channel.send((sent + number, payload))
            sent += batch
            while received < sent:
                assert _receive_one(channel) == (received, payload)
                received += 1
    except (EOFError, RemoteError, OSError) as error:
        raise Disturbed(str(error)) from None
    channel.close()
    return received
