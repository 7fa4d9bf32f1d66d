"""The full stack as a worker on standard input and output, which are one connected socket."""

from xnet_gateway.worker.main import main

main(0, "conformance")
