"""Prepares the Python interpreter of a TaskManager for the operators."""

from typing import Final

from pyflink.datastream import RuntimeContext

from udfs import metrics
from udfs.runtime import pyflink_patches
from udfs.runtime.garbage_collection import freeze_what_lives_on, relax_gc
from udfs.runtime.python_threads import import_in_python_thread

OPERATORS: Final = (
    "udfs.arbiter",
    "udfs.event_commands",
    "udfs.forest_refit",
    "udfs.session_state",
    "udfs.site_cards",
    "udfs.site_stream",
    "udfs.window_commands",
)
"""The modules of all operators."""


def prepare_interpreter(context: RuntimeContext, patch_pyflink: bool) -> None:
    """Prepares the interpreter. Every operator calls it first in `open`; repeating it does no harm.

    onnxruntime is imported here, in a thread of Python's own, and nowhere while a module is loaded: the JVM's threads, in which
    operators are unpickled and run, would hang on it.

    All operators are imported at once: the archive they come from lasts as long as one attempt to run the job, the
    interpreter of thread mode as long as the TaskManager, and the next attempt may put another operator here.
    """
    relax_gc()
    import_in_python_thread("onnxruntime")
    for operator in OPERATORS:
        import_in_python_thread(operator)
    freeze_what_lives_on()
    applied = pyflink_patches.apply() if patch_pyflink else 0
    context.get_metrics_group().counter(metrics.PYFLINK_PATCHES).inc(applied)
