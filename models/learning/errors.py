"""The error of data that no model can be trained on."""


class TrainingDataError(ValueError):
    """Data that no model can be trained on; the message names the place and the fix."""
