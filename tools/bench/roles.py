"""What workers do: one source text per role, the same for every implementation.

Each text defines `main(send, receive)`. A gateway runs it with the methods of its channel, a spawned process
with those of its connection, so no implementation pays for an adapter that another does not need.
"""

from __future__ import annotations

# Sends back whatever arrives, until None arrives.
ECHO = """
def main(send, receive):
    while True:
        item = receive()
        if item is None:
            return
        send(item)
"""

# Asked for a number, sends that many small dicts; None ends it. `send` gets one dict at a time.
PRODUCE = """
def main(send, receive):
    while True:
        count = receive()
        if count is None:
            return
        for number in range(count):
            send({"id": number, "name": "item", "value": 0.5, "ok": True})
"""

# The same, where `send` is given all of them as one iterable.
PRODUCE_TOGETHER = """
def main(send, receive):
    while True:
        count = receive()
        if count is None:
            return
        send({"id": number, "name": "item", "value": 0.5, "ok": True} for number in range(count))
"""

# Told a number, takes that many dicts and acknowledges with the sum of their ids: it looks into each.
CONSUME = """
def main(send, receive):
    while True:
        count = receive()
        if count is None:
            return
        total = 0
        for _ in range(count):
            total += receive()["id"]
        send(total)
"""

# The smallest useful thing: one result.
ONE_RESULT = """
def main(send, receive):
    send(42)
"""

# One answer to one question.
ONE_ROUND_TRIP = """
def main(send, receive):
    send(receive() + 1)
"""

# Sends its process id and ends.
SAY_PID = """
def main(send, receive):
    import os
    send(os.getpid())
"""
