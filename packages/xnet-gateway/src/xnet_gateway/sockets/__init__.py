"""Connections over sockets: a server that gives interpreters to clients that know a secret, and its client.

* ``dialing.dial`` is the client; ``server.Server`` the server, ``listening`` binds what it listens on.
* ``authentication`` is what the two say to each other first, without input and output.
* ``one_shot_server`` is a server for one connection, as text for the interpreter of another gateway.

protocol-spec/15-sockets.md has the rules. Nothing here is loaded unless a socket is asked for.
"""
