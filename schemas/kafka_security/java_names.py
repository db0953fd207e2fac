"""Translates the security settings to and from the names of the Java client, which Flink uses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.jaas import read_jaas, write_jaas
from schemas.kafka_security.settings import OAUTH, KafkaSecurity

SHADED: Final = "org.apache.flink.kafka.shaded."
"""Prefix of Kafka's classes inside of Flink's SQL connector, which is built with a copy of the client under other names."""

_SECURITY: Final = "org.apache.kafka.common.security."
_MODULES: Final = {
    "PLAIN": _SECURITY + "plain.PlainLoginModule",
    "SCRAM-SHA-256": _SECURITY + "scram.ScramLoginModule",
    "SCRAM-SHA-512": _SECURITY + "scram.ScramLoginModule",
    OAUTH: _SECURITY + "oauthbearer.OAuthBearerLoginModule",
}
_CALLBACK: Final = _SECURITY + "oauthbearer.OAuthBearerLoginCallbackHandler"

_ALLOWED: Final = {
    "sasl_username": "username",
    "sasl_password": "password",
    "sasl_oauth_client_id": "clientId",
    "sasl_oauth_client_secret": "clientSecret",
    "sasl_oauth_scope": "scope",
}
"""Options of the login modules, by setting."""

_JAAS: Final = "sasl.jaas.config"
_DIRECT: Final = {
    "security.protocol": "security_protocol",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.oauthbearer.token.endpoint.url": "sasl_oauth_token_url",
    "sasl.oauthbearer.client.credentials.client.id": "sasl_oauth_client_id",
    "sasl.oauthbearer.client.credentials.client.secret": "sasl_oauth_client_secret",
    "sasl.oauthbearer.scope": "sasl_oauth_scope",
    "ssl.truststore.certificates": "ssl_ca",
    "ssl.keystore.certificate.chain": "ssl_certificate",
    "ssl.keystore.key": "ssl_key",
    "ssl.key.password": "ssl_key_password",
}
_PEM_ONLY: Final = ("ssl.truststore.type", "ssl.keystore.type")
_LOCATIONS: Final = {
    "ssl.truststore.location": ("ssl.truststore.type", ("ssl_ca",)),
    "ssl.keystore.location": ("ssl.keystore.type", ("ssl_certificate", "ssl_key")),
}
_HOSTNAME: Final = "ssl.endpoint.identification.algorithm"
_HANDLER: Final = "sasl.login.callback.handler.class"
_CONVERT: Final = {
    "ssl.truststore.location": "`keytool -exportcert -rfc -keystore STORE -alias NAME`",
    "ssl.keystore.location": "`openssl pkcs12 -in STORE -nodes`, after `keytool -importkeystore` for a JKS store",
}
_ELSEWHERE: Final = {
    "bootstrap.servers": "give it as --bootstrap, MICROADJUST_BOOTSTRAP or MICROADJUST_GATEWAY_BOOTSTRAP",
    "ssl.truststore.password": "a PEM file has none: remove it",
    "ssl.keystore.password": "a PEM file has none: give ssl.key.password for an encrypted key",
}
JAVA_NAMES: Final = {
    **{name: f"{_JAAS}: {option}" for name, option in _ALLOWED.items()},
    **{name: key for key, name in _DIRECT.items() if name not in _ALLOWED},
    "ssl_check_hostname": _HOSTNAME,
}
"""How each setting is called in a properties file."""

_KNOWN: Final = (*_DIRECT, _JAAS, *_LOCATIONS, *_PEM_ONLY, _HOSTNAME, _HANDLER)


def java_properties(security: KafkaSecurity, class_prefix: str = "") -> dict[str, str]:
    """Returns the client's properties; none for an open broker. `class_prefix`: `SHADED` for Flink's SQL connector."""
    if security.is_open:
        return {}
    found = {"security.protocol": security.protocol}
    if security.has_sasl:
        names = [name for name in _ALLOWED if getattr(security, name)]
        options = {_ALLOWED[name]: str(getattr(security, name)) for name in names}
        found["sasl.mechanism"] = security.sasl_mechanism
        found[_JAAS] = write_jaas(class_prefix + _MODULES[security.sasl_mechanism], options)
        if security.sasl_mechanism == OAUTH:
            found[_HANDLER] = class_prefix + _CALLBACK
            found["sasl.oauthbearer.token.endpoint.url"] = security.sasl_oauth_token_url
    if security.has_tls and not security.checks_hostname:
        found[_HOSTNAME] = ""
    if security.ssl_ca:
        found |= {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": security.ssl_ca}
    if security.ssl_certificate:
        found |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": security.ssl_certificate,
            "ssl.keystore.key": security.ssl_key,
        }
        if security.ssl_key_password:
            found["ssl.key.password"] = security.ssl_key_password
    return found


def from_java(pairs: Sequence[tuple[str, str]], path: str) -> KafkaSecurity:
    """Reads the properties of a file; raises `KafkaSecurityError`. An empty value counts as not given."""
    given = {key: value for key, value in pairs if value or key == _HOSTNAME}
    for key in given:
        if key not in _KNOWN:
            advice = _ELSEWHERE.get(key, f"the properties that are read are {', '.join(_KNOWN)}")
            raise KafkaSecurityError(f"{path}: {key} is not used here: {advice}")
    found = {name: given[key] for key, name in _DIRECT.items() if key in given}
    for key in _PEM_ONLY:
        if given.get(key, "PEM").upper() != "PEM":
            location = key.replace("type", "location")
            raise KafkaSecurityError(f"{path}: {key} has to be PEM: convert the store with {_CONVERT[location]}")
    for key, (kind, names) in _LOCATIONS.items():
        if key in given:
            if kind not in given:
                raise KafkaSecurityError(
                    f"{path}: {key} without {kind}=PEM means a Java key store, which other clients cannot read: "
                    f"convert it with {_CONVERT[key]} and set {kind}=PEM"
                )
            if any(name in found for name in names):
                raise KafkaSecurityError(f"{path}: {key} and the certificates themselves are both given: leave one out")
            found |= dict.fromkeys(names, _store(path, key, given[key]))
    if _JAAS in given:
        found |= _login(path, given[_JAAS], found)
    if given.get(_HANDLER, _CALLBACK).rpartition(".")[2] != _CALLBACK.rpartition(".")[2]:
        raise KafkaSecurityError(f"{path}: {_HANDLER} has to be {_CALLBACK}: librdkafka knows no other login")
    if _HOSTNAME in given:
        found["ssl_check_hostname"] = "1" if given[_HOSTNAME].lower() == "https" else "0"
        if given[_HOSTNAME].lower() not in ("https", "", "none"):
            raise KafkaSecurityError(f"{path}: {_HOSTNAME} has to be https or empty")
    shown = {name: f"{path}: {key}" for key, name in _DIRECT.items()} | {
        "ssl_check_hostname": f"{path}: {_HOSTNAME}",
        **{name: f"{path}: {option} of {_JAAS}" for name, option in _ALLOWED.items()},
    }
    stores = {name: key for key, (_, held) in _LOCATIONS.items() for name in held}
    return KafkaSecurity(**found).check(shown, stores)


def _store(path: str, key: str, location: str) -> str:
    try:
        return Path(location).read_text("utf-8")
    except OSError as problem:
        raise KafkaSecurityError(f"{path}: {key}={location} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise KafkaSecurityError(f"{path}: {key}={location} is no PEM file: convert it with {_CONVERT[key]}") from None


def _login(path: str, text: str, found: dict[str, str]) -> dict[str, str]:
    key = f"{path}: {_JAAS}"
    module, options = read_jaas(key, text)
    wanted = _MODULES.get(found.get("sasl_mechanism", ""), "")
    # A file for Flink names the class by its name inside of the connector.
    if wanted and module.removeprefix(SHADED) != wanted:
        raise KafkaSecurityError(f"{key} names {module}, but sasl.mechanism needs {wanted}")
    settings = {option: name for name, option in _ALLOWED.items()}
    for option in options:
        if option not in settings:
            raise KafkaSecurityError(f"{key}: {option} is not used here; there are {', '.join(settings)}")
    return {settings[option]: value for option, value in options.items()}
