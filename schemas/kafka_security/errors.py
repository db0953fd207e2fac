"""The error of settings that cannot be used."""


class KafkaSecurityError(ValueError):
    """An unknown, missing or contradictory setting. The message names the setting and the fix, and never holds a secret."""
