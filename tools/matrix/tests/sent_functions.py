"""Functions that are sent to workers; without the future of this project's files, which old versions lack."""


def multiply(channel, factor, text):  # type: ignore[no-untyped-def]  # Python 2.7 reads this
    channel.send(channel.receive() * factor)
    channel.send(text)
