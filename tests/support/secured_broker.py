"""A Kafka node that demands SASL_SSL or mTLS and lets each user do only what has been granted."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka.admin import (  # type: ignore[attr-defined,unused-ignore]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from infra.kafka.connection import KafkaConnection
from infra.kafka.grants import GRANTS, Grant
from infra.local import kafka, processes
from infra.local.home import Home
from schemas.kafka_security.reading import security_from_env
from tests.support.certificates import KEY_PASSWORD, Authority
from tests.support.oauth import CLIENT, SECRET, Issuer
from tests.support.services import register

ADMIN: Final = ("admin", "admin-secret")
HOSTILE: Final = "p\"a\\s's;w=o#r d$,{env:HOME}é✓"
"""Password of all users but the administrator."""

USERS: Final = {
    "adjust": "adjust job",
    "gateway": "gateway",
    "projector": "projector",
    "cli": "command line",
    "setup": "topics create, topics check",
    "partial": "",
    "nobody": "",
}
"""Components by the name of their user; empty for users that are granted nothing at first."""

ALLOWED_URLS: Final = "org.apache.kafka.sasl.oauthbearer.allowed.urls"
"""Java's property with the addresses that its Kafka may fetch tokens or keys from."""

_MODULES: Final = "org.apache.kafka.common.security."
_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=SASL_SSL://127.0.0.1:{broker},MTLS://127.0.0.1:{mtls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_SSL://127.0.0.1:{broker},MTLS://127.0.0.1:{mtls}
listener.security.protocol.map=SASL_SSL:SASL_SSL,MTLS:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config={modules}oauthbearer.OAuthBearerLoginModule required;
listener.name.sasl_ssl.oauthbearer.sasl.server.callback.handler.class={modules}oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.sasl_ssl.oauthbearer.sasl.oauthbearer.jwks.endpoint.url={jwks}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={modules}scram.ScramLoginModule required username="{admin}" \
password="{admin_password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={modules}scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config={modules}plain.PlainLoginModule required user_cli="plain-secret";
listener.name.mtls.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin};User:ANONYMOUS
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""


class SecuredBroker:
    """The node, with a user of its own for each component and the grants that `infra.kafka.grants` lists, no others."""

    def __init__(self, home: Home) -> None:
        self.authority = Authority(home.folder("certificates"))
        certificate, key = self.authority.issue("broker")
        keystore = home.path / "keystore.pem"
        keystore.write_text(key.read_text() + certificate.read_text())
        self.issuer = Issuer(home.folder("oauth"))
        jwks = self.issuer.keys.as_uri()
        self._ports = {name: processes.free_port(0) for name in ("broker", "mtls", "controller")}
        text = _PROPERTIES.format(
            **self._ports,
            modules=_MODULES,
            admin=ADMIN[0],
            admin_password=ADMIN[1],
            keystore=keystore,
            jwks=jwks,
            truststore=self.authority.certificate,
            data=home.folder("kafka", "data"),
        )
        credential = f"SCRAM-SHA-512=[name={ADMIN[0]},password={ADMIN[1]}]"
        self.admin = self.connection(self.environment(*ADMIN))
        service = kafka.start_node(
            *(home, text, self._ports, self.admin, ("--add-scram", credential)),
            java_options=(f"-D{ALLOWED_URLS}={jwks}",),
        )
        self.service = register(home, "kafka", service)
        self._client = AdminClient(self.admin.librdkafka)
        self._create_users()
        self.grant(
            *((user, grant) for user, component in USERS.items() for grant in GRANTS if grant.component == component)
        )

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._ports['broker']}"

    @property
    def mtls_bootstrap(self) -> str:
        return f"127.0.0.1:{self._ports['mtls']}"

    def environment(self, user: str, password: str = HOSTILE, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """The variables with which a component logs in as this user."""
        return {
            "MICROADJUST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "MICROADJUST_KAFKA_SASL_MECHANISM": mechanism,
            "MICROADJUST_KAFKA_SASL_USERNAME": user,
            "MICROADJUST_KAFKA_SASL_PASSWORD": password,
            "MICROADJUST_KAFKA_SSL_CA_FILE": str(self.authority.certificate),
        }

    def mtls_environment(self, user: str) -> dict[str, str]:
        """The variables with which a component is known by a certificate whose key is encrypted."""
        certificate, key = self.authority.issue(user, KEY_PASSWORD)
        return {
            "MICROADJUST_KAFKA_SECURITY_PROTOCOL": "SSL",
            "MICROADJUST_KAFKA_SSL_CA_FILE": str(self.authority.certificate),
            "MICROADJUST_KAFKA_SSL_CERTIFICATE_FILE": str(certificate),
            "MICROADJUST_KAFKA_SSL_KEY_FILE": str(key),
            "MICROADJUST_KAFKA_SSL_KEY_PASSWORD": KEY_PASSWORD,
        }

    def oauth_environment(self, token_url: str, secret: str = SECRET) -> dict[str, str]:
        """The variables with which a component is known by a token."""
        return {
            "MICROADJUST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "MICROADJUST_KAFKA_SASL_MECHANISM": "OAUTHBEARER",
            "MICROADJUST_KAFKA_SASL_OAUTH_TOKEN_URL": token_url,
            "MICROADJUST_KAFKA_SASL_OAUTH_CLIENT_ID": CLIENT,
            "MICROADJUST_KAFKA_SASL_OAUTH_CLIENT_SECRET": secret,
            "MICROADJUST_KAFKA_SSL_CA_FILE": str(self.authority.certificate),
        }

    def connection(self, environ: Mapping[str, str], bootstrap: str = "") -> KafkaConnection:
        return KafkaConnection(bootstrap or self.bootstrap, security_from_env(environ))

    def grant(self, *grants: tuple[str, Grant]) -> None:
        _wait_for(
            self._client.create_acls([each for user, grant in grants for each in _bindings(user, grant)]).values()
        )

    def revoke(self, user: str, grant: Grant) -> None:
        _wait_for(self._client.delete_acls(_filters(user, grant)).values())

    def _create_users(self) -> None:
        # One request may name a user only once.
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            credential = ScramCredentialInfo(mechanism, 4096)
            wanted: list[Any] = [UserScramCredentialUpsertion(user, credential, HOSTILE.encode()) for user in USERS]
            _wait_for(self._client.alter_user_scram_credentials(wanted).values())


def _bindings(user: str, grant: Grant) -> list[AclBinding]:
    resource = {
        "topic": ResourceType.TOPIC,
        "group": ResourceType.GROUP,
        "transactional id": ResourceType.TRANSACTIONAL_ID,
    }[grant.resource]
    pattern = ResourcePatternType.PREFIXED if grant.is_prefix else ResourcePatternType.LITERAL
    return [
        AclBinding(resource, grant.name, pattern, f"User:{user}", "*", AclOperation[operation], AclPermissionType.ALLOW)
        for operation in grant.operations
    ]


def _filters(user: str, grant: Grant) -> list[AclBindingFilter]:
    return [
        AclBindingFilter(
            each.restype,
            each.name,
            each.resource_pattern_type,
            each.principal,
            each.host,
            each.operation,
            each.permission_type,
        )
        for each in _bindings(user, grant)
    ]


def _wait_for(futures: Iterable[object]) -> None:
    for each in futures:
        each.result(30)  # type: ignore[attr-defined]
