"""The handshake of ``authentication`` over a stream, with a deadline for all of it."""

from __future__ import annotations

from xnet_gateway.sockets.authentication import (
    GIVING,
    AuthenticationError,
    ClientHandshake,
    ServerHandshake,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from xnet_gateway.sockets.authentication import Parties
    from xnet_gateway.sockets.streams import Stream


class NoAnswer(AuthenticationError):
    """The other side said nothing, or not enough, before it left or its time was over."""


def meet_server(stream: Stream, secret: bytes | None, deadline_s: float, parties: Parties = GIVING) -> None:
    """Be the client: return when the server has proved itself and let us in.

    Raises:
        AuthenticationError: The other side is not such a server, or refused us; a sentence.
        NoAnswer: The same, without an answer that could be wrong: at another time it may be otherwise.
        OSError: The connection broke.
        ValueError: The secret is too short (our caller's fault).
    """
    handshake = ClientHandshake(secret, parties=parties)
    said = False
    try:
        while not handshake.accepted:
            # Byte by byte: what follows the last line belongs to the connection.
            data = stream.receive(1, deadline_s)
            if not data:
                raise NoAnswer(_closed(handshake, said))
            said = True
            answer = handshake.receive_data(data)
            if answer:
                stream.send(answer, deadline_s)
    except TimeoutError:
        raise NoAnswer(_silent(handshake, said)) from None
    except AuthenticationError as error:
        if error.last_line:
            _say_last(stream, error.last_line, deadline_s)
        raise


def meet_client(
    stream: Stream, secret: bytes | None, deadline_s: float, parties: Parties = GIVING
) -> ServerHandshake:
    """Be the server: return when the client has proved itself, and before it is told.

    Raises:
        AuthenticationError: It has not; a sentence. The client has been told, where that makes sense.
        NoAnswer: The same, without an answer that could be wrong.
        OSError: The connection broke.
    """
    handshake = ServerHandshake(secret, parties=parties)
    said = 0
    try:
        stream.send(handshake.greeting(), deadline_s)
        while not handshake.answered:
            data = stream.receive(1, deadline_s)
            if not data:
                raise NoAnswer(
                    f"the client closed the connection after {said} bytes of its answer"
                    if said
                    else "the client closed the connection without an answer"
                )
            said += 1
            handshake.receive_data(data)
    except TimeoutError:
        raise NoAnswer(f"the client had not answered when its time was up (it sent {said} bytes)") from None
    except AuthenticationError as error:
        if error.last_line:
            _say_last(stream, error.last_line, deadline_s)
        raise
    return handshake


def refuse_client(stream: Stream, sentence: str, deadline_s: float, parties: Parties = GIVING) -> NoReturn:
    """Be a server that does not even greet. Spec: SO-010.

    Raises:
        AuthenticationError: Always, with the sentence, which the client has been told.
    """
    _say_last(stream, ServerHandshake(None, parties=parties).refusal(sentence), deadline_s)
    raise AuthenticationError(sentence)


def _say_last(stream: Stream, line: bytes, deadline_s: float) -> None:
    try:
        stream.send(line, deadline_s)
    except OSError:
        pass  # it does not want to know


def _closed(handshake: ClientHandshake, said: bool) -> str:
    if handshake.greeted:
        return "the server closed the connection instead of answering"
    if said:
        return "the server closed the connection in the middle of its first line"
    return "the server closed the connection before it said anything"


def _silent(handshake: ClientHandshake, said: bool) -> str:
    if handshake.greeted:
        return "the server greeted us but gave no verdict in time"
    if said:
        return "the server did not finish its first line in time"
    return (
        "the other side said nothing in time, but an xnet server speaks first: it may be something"
        " else (such as the server script of execnet), or a server that expects TLS"
    )
