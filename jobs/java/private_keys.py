"""Decrypts a private key for Kafka's Java client, which cannot read the encryption that today's tools write (PBES2)."""

import base64
from dataclasses import replace
from typing import Any, Final

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyflink.java_gateway import get_gateway

from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.pem import ENCRYPTED_KEY, KEY
from schemas.kafka_security.settings import KafkaSecurity

_BEGIN: Final = f"-----BEGIN {ENCRYPTED_KEY}-----"
_END: Final = f"-----END {ENCRYPTED_KEY}-----"
_LINE_CHARS: Final = 64


def with_readable_key(security: KafkaSecurity) -> KafkaSecurity:
    """Returns the settings with the key decrypted. The job would carry its password otherwise, which protects no better."""
    if _BEGIN not in security.ssl_key:
        return security
    der = base64.b64decode(security.ssl_key.partition(_BEGIN)[2].partition(_END)[0])
    try:
        plain = _decrypted(der, security.ssl_key_password)
    except Py4JJavaError as error:
        kind = error.java_exception.getClass().getName()
        raise KafkaSecurityError(
            f"the key of MICROADJUST_KAFKA_SSL_KEY cannot be decrypted ({kind}): check MICROADJUST_KAFKA_SSL_KEY_PASSWORD"
        ) from None
    text = base64.b64encode(plain).decode()
    lines = [text[start : start + _LINE_CHARS] for start in range(0, len(text), _LINE_CHARS)]
    pem = "\n".join([f"-----BEGIN {KEY}-----", *lines, f"-----END {KEY}-----", ""])
    return replace(security, ssl_key=pem, ssl_key_password="")


def _decrypted(der: bytes, password: str) -> bytes:
    gateway = get_gateway()
    crypto = gateway.jvm.javax.crypto
    info = crypto.EncryptedPrivateKeyInfo(der)
    parameters = info.getAlgParameters()
    # The scheme PBES2 is a frame: the parameters name the algorithm inside of it.
    algorithm = parameters.toString() if info.getAlgName() == "PBES2" else info.getAlgName()
    secret = crypto.spec.PBEKeySpec(_characters(gateway, password))
    key = crypto.SecretKeyFactory.getInstance(algorithm).generateSecret(secret)
    cipher = crypto.Cipher.getInstance(algorithm)
    cipher.init(crypto.Cipher.DECRYPT_MODE, key, parameters)
    return bytes(info.getKeySpec(cipher).getEncoded())


def _characters(gateway: Any, text: str) -> Any:
    """Returns Java's char[]."""
    found = gateway.new_array(gateway.jvm.char, len(text))
    for place, character in enumerate(text):
        found[place] = character
    return found
