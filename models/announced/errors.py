"""The error of a model that is not taken up."""


class ModelRefusedError(ValueError):
    """An announced model that cannot be used; the message says why, for the acknowledgement."""
