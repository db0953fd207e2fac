"""Keys, tokens and secrets of the gateways that tests start."""

import time

from infra.gateway.auth import push_tokens

WRITE_KEY, SOURCE = "key-of-the-tests", "tests"
OPERATOR = "token-of-the-operator"
SECRETS = ("new-secret", "old-secret")
ORIGIN = "https://paper.example"


def token(session_id: str, life_s: float = 3600, secrets: tuple[str, ...] = SECRETS) -> str:
    """Signs a push token for the session."""
    return push_tokens.sign(session_id, int((time.time() + life_s) * 1000), secrets)
