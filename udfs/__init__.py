"""Flink operators: thin, one per file. They restore, ask a model, persist and emit."""

from udfs.runtime.python_threads import import_in_python_thread

import_in_python_thread("onnxruntime")

# All operators at once: the archive they come from lasts as long as one attempt to run the job, the interpreter of
# thread mode as long as the TaskManager, and the next attempt may put another operator here.
from udfs import event_commands, forest_refit, session_state, window_commands  # noqa: E402

__all__ = ["event_commands", "forest_refit", "session_state", "window_commands"]
