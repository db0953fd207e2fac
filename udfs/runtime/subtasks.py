"""Finds which subtask of its operator a function runs in."""

from typing import Any, NamedTuple

from pyflink.datastream import RuntimeContext


class Subtask(NamedTuple):
    """`number` counts from 0; `subtasks` is how many there are."""

    number: int
    subtasks: int


def find_subtask(context: RuntimeContext) -> Subtask:
    """Returns the subtask of a function's runtime context, in thread and in process mode."""
    # In thread mode PyFlink 2.3 asks the JVM for methods that Flink 2.0 has moved to `TaskInfo`.
    in_jvm: Any = getattr(context, "_runtime_context", None)
    if in_jvm is None:
        return Subtask(context.get_index_of_this_subtask(), context.get_number_of_parallel_subtasks())
    task = in_jvm.getTaskInfo()
    return Subtask(task.getIndexOfThisSubtask(), task.getNumberOfParallelSubtasks())
