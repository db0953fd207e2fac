"""Errors of a model that is not taken up."""


class ModelRefusedError(ValueError):
    """An announced model that cannot be used; the message says why, for the acknowledgement."""


class UnknownFeatureError(ModelRefusedError):
    """A model with an input that the job does not compute, which another name may mend."""
