"""The names of the execution models: where executed code runs."""

from __future__ import annotations

THREAD = "thread"
MAIN_THREAD_ONLY = "main_thread_only"
#: Those in which executions are greenlets, named like their libraries.
OF_GREENLETS = ("gevent", "eventlet")
EXECMODELS = (THREAD, MAIN_THREAD_ONLY, *OF_GREENLETS)
