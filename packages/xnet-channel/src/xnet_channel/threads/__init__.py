"""The blocking shell: drives a core over descriptors with threads. Knows no process."""
