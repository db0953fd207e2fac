"""Checks PEM texts: whether they hold what a setting asks for, in a form that all clients read."""

import re
from typing import Final

from schemas.kafka_security.errors import KafkaSecurityError

_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----"
_LABEL: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")

KEY: Final = "PRIVATE KEY"
ENCRYPTED_KEY: Final = "ENCRYPTED PRIVATE KEY"


def check_certificates(name: str, text: str, file_name: str) -> None:
    """Raises `KafkaSecurityError` where the text holds no certificate; `file_name` is the setting that takes a path."""
    if _CERTIFICATE not in text:
        raise KafkaSecurityError(
            f"{name} holds no PEM certificate: give text with {_CERTIFICATE}, or the path of such a file as {file_name}"
        )


def check_key(name: str, text: str, file_name: str, password_name: str, has_password: bool) -> None:
    """Raises `KafkaSecurityError` where the text is no PKCS#8 key, or password and key do not go together."""
    label = next((each for each in _LABEL.findall(text) if each.endswith(KEY)), None)
    if label is None:
        raise KafkaSecurityError(
            f"{name} holds no PEM key: give text with -----BEGIN {KEY}-----, or the path of such a file as {file_name}"
        )
    if label not in (KEY, ENCRYPTED_KEY):
        raise KafkaSecurityError(
            f"{name} holds a key in the form {label}, which the Java client cannot read: "
            "convert it with `openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pem`"
        )
    if label == ENCRYPTED_KEY and not has_password:
        raise KafkaSecurityError(f"{name} holds an encrypted key: give its password as {password_name}")
    if label == KEY and has_password:
        raise KafkaSecurityError(f"{password_name} is set, but the key of {name} is not encrypted: leave it out")
