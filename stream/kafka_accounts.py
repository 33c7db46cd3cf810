"""Who may do what in Kafka: an account for each part, and for those outside who bring or take messages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError

from stream.endpoints import KAFKA_ADMIN, KafkaLogin
from stream.publisher import GROUP, TOPICS

CONNECT_TIMEOUT_MS = 3000


class Rights(NamedTuple):
    """What an account may do with topics: whoever `makes` them makes those that are missing."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    makes: bool = False

    def __str__(self) -> str:
        parts = {"reads": self.reads, "writes": self.writes}
        return "; ".join(f"{may} {', '.join(topics)}" for may, topics in parts.items() if topics)


RIGHTS = {
    "gateway": Rights(writes=("instances",), makes=True),
    "worker": Rights(reads=("instances", "scans", "timepoints", "patient-events"), writes=TOPICS, makes=True),
    "command": Rights(writes=("instances", "scans", "timepoints", "patient-events"), makes=True),
    "facts": Rights(writes=("patient-events",)),
    "listener": Rights(reads=("forecasts",)),
}
"""`facts`: other systems that bring facts about patients. `listener`: other systems that hear of forecasts."""


def make_accounts(servers: Sequence[str], passwords: Mapping[str, str]) -> bool:
    """Give each account of `passwords` its own and its rights, as the admin, whom the broker knows by PLAIN.

    False while the broker does not answer.
    """
    login = KafkaLogin(tuple(servers), KAFKA_ADMIN, passwords[KAFKA_ADMIN], "PLAIN")
    credentials = [
        UserScramCredentialUpsertion(account, ScramMechanism.SCRAM_SHA_256, password)
        for account, password in passwords.items()
    ]
    try:
        with KafkaAdminClient(**login.options(), bootstrap_timeout_ms=CONNECT_TIMEOUT_MS) as admin:
            admin.alter_user_scram_credentials(credentials)
            admin.create_acls([acl for account, rights in RIGHTS.items() for acl in _acls(account, rights)])
    except KafkaError:
        return False
    return True


def _acls(account: str, rights: Rights) -> Iterator[ACL]:
    """An idempotent producer needs no right beside that to write (KIP-679)."""
    for topic in TOPICS:
        operations = {
            ACLOperation.READ: topic in rights.reads,
            ACLOperation.WRITE: topic in rights.writes,
            ACLOperation.CREATE: rights.makes,
            ACLOperation.DESCRIBE: rights.makes,
        }
        for operation in (operation for operation, given in operations.items() if given):
            yield _allowed(account, operation, ResourcePattern(ResourceType.TOPIC, topic))
    if rights.reads:
        group = GROUP if account == "worker" else account
        yield _allowed(account, ACLOperation.READ, ResourcePattern(ResourceType.GROUP, group))


def _allowed(account: str, operation: ACLOperation, what: ResourcePattern) -> ACL:
    return ACL(f"User:{account}", "*", operation, ACLPermissionType.ALLOW, what)
