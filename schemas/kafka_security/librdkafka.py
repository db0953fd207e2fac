"""Translates the security settings to the names of librdkafka (confluent-kafka)."""

from typing import Final

from schemas.kafka_security.settings import OAUTH, KafkaSecurity

_NAMES: Final = {
    "sasl_mechanism": "sasl.mechanism",
    "sasl_username": "sasl.username",
    "sasl_password": "sasl.password",
    "sasl_oauth_token_url": "sasl.oauthbearer.token.endpoint.url",
    "sasl_oauth_client_id": "sasl.oauthbearer.client.id",
    "sasl_oauth_client_secret": "sasl.oauthbearer.client.secret",
    "sasl_oauth_scope": "sasl.oauthbearer.scope",
    "ssl_ca": "ssl.ca.pem",
    "ssl_certificate": "ssl.certificate.pem",
    "ssl_key": "ssl.key.pem",
    "ssl_key_password": "ssl.key.password",
}

LIBRDKAFKA_NAMES: Final = {
    "security_protocol": "security.protocol",
    **_NAMES,
    "ssl_check_hostname": "ssl.endpoint.identification.algorithm",
}
"""How each setting is called by librdkafka."""


def librdkafka_properties(security: KafkaSecurity) -> dict[str, str]:
    """Returns the client's properties; none for an open broker.

    >>> librdkafka_properties(KafkaSecurity("SASL_PLAINTEXT", "PLAIN", "u"))
    {'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN', 'sasl.username': 'u'}
    """
    if security.is_open:
        return {}
    found = {"security.protocol": security.protocol}
    found |= {theirs: getattr(security, ours) for ours, theirs in _NAMES.items() if getattr(security, ours)}
    if security.sasl_mechanism == OAUTH:
        found["sasl.oauthbearer.method"] = "oidc"
    if security.has_tls and not security.checks_hostname:
        found["ssl.endpoint.identification.algorithm"] = "none"
    return found
