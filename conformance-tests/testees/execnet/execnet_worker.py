"""The worker of released execnet on standard input and output, brought to life as its popen gateway does."""

import sys

from execnet import gateway_base

execmodel = gateway_base.get_execmodel(sys.argv[1] if len(sys.argv) > 1 else "thread")
io = gateway_base.init_popen_io(execmodel)
io.write(b"1")
gateway_base.serve(io, id="conformance-worker")
