"""Opens models in ONNX Runtime."""

from typing import Any


def open_session(model: bytes, what: str) -> Any:
    """Returns a session with one thread, since a slot is one core. Raises ValueError, which calls the model `what`."""
    # Not while this module is loaded: operators are unpickled in threads of the JVM, where this import would hang
    # (`udfs/runtime`). By now it has been imported.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime documents no exception types
        raise ValueError(f"not {what}: {str(error)[:200]}") from error
