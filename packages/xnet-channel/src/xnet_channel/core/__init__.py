"""The protocol without I/O. Imports no socket, thread, clock or process module."""
