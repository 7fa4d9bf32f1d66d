"""The full stack as a worker on standard input and output, which are one connected socket."""

import os
import sys

from xnet_gateway.worker.main import main

# As its transport would have it: the socket is on one descriptor, what is printed goes to standard error.
os.dup2(2, 1)
sys.argv = ["-c"]
main(0, "conformance")
