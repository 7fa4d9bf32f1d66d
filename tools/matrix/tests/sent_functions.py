"""Functions that are sent to workers; without the future of this project's files, which old versions lack."""


def multiply(channel, factor, text):  # type: ignore[no-untyped-def]  # Python 2.7 reads this
    channel.send(channel.receive() * factor)
    channel.send(text)


async def pump(channel, count):  # type: ignore[no-untyped-def]
    import asyncio

    async def double(inner):  # type: ignore[no-untyped-def]
        async for item in inner:
            await inner.asend(2 * item)

    inner = await channel.areceive()
    task = asyncio.ensure_future(double(inner))  # type: ignore[no-untyped-call]
    for number in range(count):
        await channel.asend(number)
    try:
        await asyncio.wait_for(channel.areceive(), 0.01)
    except asyncio.TimeoutError:
        await channel.asend("cancelled")
    try:
        await channel.areceive(timeout=0.01)
    except channel.TimeoutError:
        await channel.asend("timeout")
    await channel.asend(await channel.areceive())
    await task


async def fail(channel):  # type: ignore[no-untyped-def]
    raise ValueError("it failed")  # here
