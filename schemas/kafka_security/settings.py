"""The security settings of Kafka: what is allowed together, whatever they were read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.pem import check_certificates, check_key

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
PASSWORD_MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
OAUTH: Final = "OAUTHBEARER"
MECHANISMS: Final = (*PASSWORD_MECHANISMS, OAUTH)

HIDDEN: Final = "[hidden]"


def setting(about: str, secret: bool = False, is_file_like: bool = False) -> str:
    """Declares a setting. The value of a secret is in no `repr`."""
    text: str = field(default="", repr=not secret, metadata={"about": about, "secret": secret, "pem": is_file_like})
    return text


@dataclass(frozen=True, slots=True)
class KafkaSecurity:
    """How clients authenticate and encrypt. An empty text means that a setting is not given. Certificates and keys are PEM."""

    security_protocol: str = setting(f"{', '.join(PROTOCOLS[:-1])} or {PROTOCOLS[-1]}; PLAINTEXT if nothing is set")
    sasl_mechanism: str = setting(f"{', '.join(MECHANISMS[:-1])} or {MECHANISMS[-1]}")
    sasl_username: str = setting("User, for SCRAM and PLAIN")
    sasl_password: str = setting("Password of the user", secret=True)
    sasl_oauth_token_url: str = setting(
        "Token endpoint for OAUTHBEARER (client credentials), https://; http:// on this machine only"
    )
    sasl_oauth_client_id: str = setting("Client id for OAUTHBEARER")
    sasl_oauth_client_secret: str = setting("Client secret for OAUTHBEARER", secret=True)
    sasl_oauth_scope: str = setting("Scope to ask for; not required")
    ssl_ca: str = setting(
        "Certificates (PEM) of the authorities that the broker's certificate is checked by; the system's if not set",
        is_file_like=True,
    )
    ssl_certificate: str = setting("The client's own certificate and its chain (PEM), for mTLS", is_file_like=True)
    ssl_key: str = setting("Its private key (PEM, PKCS#8)", secret=True, is_file_like=True)
    ssl_key_password: str = setting("Password of an encrypted private key", secret=True)
    ssl_check_hostname: str = setting(
        "Whether the broker's certificate has to name its host: 1 or 0; 1 if not set. 0 lets anyone with any certificate "
        "of the authority be the broker"
    )

    @property
    def protocol(self) -> str:
        return self.security_protocol or "PLAINTEXT"

    @property
    def is_open(self) -> bool:
        """Whether there is neither encryption nor authentication."""
        return self.protocol == "PLAINTEXT"

    @property
    def has_sasl(self) -> bool:
        return self.protocol.startswith("SASL_")

    @property
    def has_tls(self) -> bool:
        return self.protocol.endswith("SSL")

    @property
    def checks_hostname(self) -> bool:
        return self.ssl_check_hostname != "0"

    @property
    def principal(self) -> str:
        """Who the broker is told to be talking to, for messages; no secret.

        >>> KafkaSecurity("SASL_SSL", "PLAIN", "gateway", "pw").principal
        'User:gateway'
        """
        if self.sasl_username:
            return f"User:{self.sasl_username}"
        if self.sasl_oauth_client_id:
            return f"the OAuth client {self.sasl_oauth_client_id}"
        return "the owner of the client certificate" if self.ssl_certificate else "User:ANONYMOUS"

    def secrets(self) -> tuple[str, ...]:
        """The values that no log, error or command line may hold, longest first."""
        held = (self.sasl_password, self.sasl_oauth_client_secret, self.ssl_key, self.ssl_key_password)
        return tuple(sorted(filter(None, held), key=len, reverse=True))

    def check(self, names: Mapping[str, str], file_names: Mapping[str, str]) -> "KafkaSecurity":
        """Returns itself, or raises `KafkaSecurityError`. `names` say how the settings are called where they were read."""
        self._check_protocol(names)
        self._check_sasl(names)
        self._check_tls(names, file_names)
        return self

    def _given(self, prefix: str) -> list[str]:
        return [name for name in self.__slots__ if name.startswith(prefix) and getattr(self, name)]

    def _check_protocol(self, names: Mapping[str, str]) -> None:
        if self.security_protocol not in ("", *PROTOCOLS):
            raise KafkaSecurityError(
                f"{names['security_protocol']}={self.security_protocol!r}: give one of {', '.join(PROTOCOLS)}"
            )
        for prefix, is_used, fix in (("sasl_", self.has_sasl, "SASL_SSL"), ("ssl_", self.has_tls, "SSL or SASL_SSL")):
            if not is_used and (given := self._given(prefix)):
                raise KafkaSecurityError(
                    f"{names[given[0]]} is set, but {names['security_protocol']} is {self.protocol}: "
                    f"set that to {fix}, or leave {names[given[0]]} out"
                )

    def _check_sasl(self, names: Mapping[str, str]) -> None:
        if not self.has_sasl:
            return
        if self.sasl_mechanism not in MECHANISMS:
            shown = f"={self.sasl_mechanism!r}" if self.sasl_mechanism else " is not set"
            raise KafkaSecurityError(f"{names['sasl_mechanism']}{shown}: give one of {', '.join(MECHANISMS)}")
        needed = ["sasl_username", "sasl_password"]
        if self.sasl_mechanism == OAUTH:
            needed = ["sasl_oauth_token_url", "sasl_oauth_client_id", "sasl_oauth_client_secret"]
        allowed = {*needed, "sasl_mechanism", *(("sasl_oauth_scope",) if self.sasl_mechanism == OAUTH else ())}
        for name in self._given("sasl_"):
            if name not in allowed:
                raise KafkaSecurityError(
                    f"{names[name]} is set, but {names['sasl_mechanism']} is {self.sasl_mechanism}, which does not use it: "
                    "leave one of them out"
                )
        for name in needed:
            if not getattr(self, name):
                raise KafkaSecurityError(f"{names[name]} is not set: {self.sasl_mechanism} needs it")
        if self.sasl_mechanism == OAUTH:
            _check_token_url(names["sasl_oauth_token_url"], self.sasl_oauth_token_url)
        for name in needed:
            if "\0" in getattr(self, name):
                raise KafkaSecurityError(f"{names[name]} holds a NUL character, which SASL cannot carry: remove it")

    def _check_tls(self, names: Mapping[str, str], file_names: Mapping[str, str]) -> None:
        for name in ("ssl_ca", "ssl_certificate"):
            if getattr(self, name):
                check_certificates(names[name], getattr(self, name), file_names[name])
        if bool(self.ssl_certificate) != bool(self.ssl_key):
            given, missing = "ssl_certificate", "ssl_key"
            if self.ssl_key:
                given, missing = missing, given
            raise KafkaSecurityError(f"{names[given]} is set, but {names[missing]} is not: mTLS needs both")
        if self.ssl_key:
            has_password = bool(self.ssl_key_password)
            check_key(names["ssl_key"], self.ssl_key, file_names["ssl_key"], names["ssl_key_password"], has_password)
        elif self.ssl_key_password:
            raise KafkaSecurityError(
                f"{names['ssl_key_password']} is set, but {names['ssl_key']} is not: give the key, or leave the password out"
            )
        if self.ssl_check_hostname not in ("", "0", "1"):
            raise KafkaSecurityError(f"{names['ssl_check_hostname']}={self.ssl_check_hostname!r}: give 1 or 0")


def _check_token_url(name: str, url: str) -> None:
    """Raises `KafkaSecurityError`, without the address: logs and Flink's configuration show it, so it may hold no secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise KafkaSecurityError(f"{name} is no address: give https://…")
    if "@" in parts.netloc:
        raise KafkaSecurityError(
            f"{name} holds a user or password: leave it out; the client's secret has a setting of its own"
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise KafkaSecurityError(f"{name} would send the client's secret unencrypted: give https://…")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


OPEN: Final = KafkaSecurity()
"""No encryption, no authentication."""


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """Replaces secrets in a text that others have written.

    >>> redacted("option password=hunter2 is wrong", ("hunter2",))
    'option password=[hidden] is wrong'
    """
    for each in secrets:
        text = text.replace(each, HIDDEN).replace(repr(each)[1:-1], HIDDEN)
    return text
