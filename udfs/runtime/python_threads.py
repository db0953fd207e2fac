"""Runs imports and calls in a thread that Python has made.

In thread mode operators run in threads of the JVM, which Python's own bookkeeping (PyGILState) does not know. An extension
that asks it on loading waits for ever (pybind11: onnxruntime) or ends the process (nanobind: onnx). Once loaded,
onnxruntime scores in any thread.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.machinery import PathFinder
from itertools import accumulate
from typing import Any


def run_in_python_thread(module: str, function: str, *arguments: Any) -> Any:
    """Returns what ``module.function(*arguments)`` returns, or raises what it raises; the caller waits for it."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: getattr(import_module(module), function)(*arguments)).result()


def import_in_python_thread(module: str) -> None:
    """Imports `module`, also where its packages were imported from an archive that no longer exists.

    Thread mode keeps one interpreter for the life of a TaskManager, but each attempt to run a job brings its archive to a new
    place and removes it when the attempt ends.
    """
    if module in sys.modules:
        return
    folders: list[str] | None = None
    for package in accumulate(module.split(".")[:-1], "{}.{}".format):
        if package not in sys.modules:
            break
        spec = PathFinder.find_spec(package, folders)
        if spec is None or spec.submodule_search_locations is None:
            break
        folders = list(spec.submodule_search_locations)
        sys.modules[package].__path__ = folders
    run_in_python_thread("importlib", "import_module", module)
