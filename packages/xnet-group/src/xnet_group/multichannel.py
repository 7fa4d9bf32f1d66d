"""Several channels used as one: send to all, receive from all, wait for all."""

from __future__ import annotations

from xnet_channel import RemoteError
from xnet_channel.platform.reactor import get_reactor
from xnet_channel.threads.unseen import UNSEEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from queue import Queue
    from typing import Any, Final

    from xnet_channel import Channel

#: Stands for "no endmarker", because None is a good one.
NO_ENDMARKER: Final = object()


class MultiChannel:
    """A fixed sequence of channels, usually of one ``Group.remote_exec``.

    Threads: as the channels themselves; ``make_receive_queue`` by one thread first.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = list(channels)
        self._queue: Queue[tuple[Channel, Any]] | None = None

    def __repr__(self) -> str:
        return f"<MultiChannel {self._channels!r}>"

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels)

    def __getitem__(self, key: int) -> Channel:
        return self._channels[key]

    def __contains__(self, channel: object) -> bool:
        return channel in self._channels

    def send_each(self, item: object) -> None:
        """Send a copy of the item over each channel.

        Raises:
            DumpError: The item holds something that cannot be sent; no channel got it.
            OSError: A channel is closed; the channels before it got the item.
        """
        for channel in self._channels:
            channel.send(item)

    def receive_each(self, withchannel: bool = False) -> list[Any]:
        """Return the next item of each channel, in the order of the channels.

        Args:
            withchannel: Return pairs of channel and item.

        Raises:
            RemoteError, EOFError, OSError: As ``Channel.receive`` of the first channel that has no item;
                the items of the channels before it are lost.
        """
        if withchannel:
            return [(channel, channel.receive()) for channel in self._channels]
        return [channel.receive() for channel in self._channels]

    def make_receive_queue(self, endmarker: object = NO_ENDMARKER) -> Queue[tuple[Channel, Any]]:
        """Return a queue that gets a pair of channel and item for whatever arrives on any channel.

        The channels get callbacks, so they can no longer be received from. Calling this again returns the
        same queue.

        Args:
            endmarker: Put into the queue as the last item of each channel, if given. Without it, nothing in
                the queue tells that a channel has ended.

        Raises:
            OSError: A channel has a callback already.
        """
        if self._queue is None:
            if not self._channels:
                import queue
            else:
                queue = self._channels[0].gateway.execmodel.queue
            self._queue = queue.Queue()
            for channel in self._channels:
                put = _putter(self._queue, channel)
                if endmarker is NO_ENDMARKER:
                    channel.setcallback(put)
                else:
                    channel.setcallback(put, endmarker=endmarker)
        return self._queue

    def waitclose(self) -> None:
        """Wait until every channel has ended.

        Raises:
            RemoteError: Code at another side failed; of several, the error of the first channel. The
                others have been waited for, and their errors are told on standard error.
            EOFError: No code failed, but the connection of a channel is gone; the text says why.
        """
        errors = [error for error in map(_end_of, self._channels) if error is not None]
        # What failed in the code says more than the broken connection that may have followed from it.
        errors.sort(key=lambda error: not isinstance(error, RemoteError))
        for error in errors[1:]:
            if type(error) is RemoteError:  # that of a callback has been told
                UNSEEN.tell_soon(error, get_reactor())
        if errors:
            raise errors[0]


def _end_of(channel: Channel) -> RemoteError | EOFError | None:
    """Wait until the channel has ended and return the error it ended with."""
    try:
        channel.waitclose()
    except (RemoteError, EOFError) as error:
        return error
    return None


def _putter(queue: Queue[tuple[Channel, Any]], channel: Channel) -> Callable[[Any], None]:
    """Return the callback of one channel; it keeps the channel alive as long as items may come."""

    def put(item: Any) -> None:
        queue.put((channel, item))

    return put
