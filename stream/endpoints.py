"""Where Postgres and Kafka answer: by settings, or in `DATA_DIR/run/endpoints.json`, chosen once by `scanstream up`."""

import json
import os
import secrets
import socket
import uuid
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from stream.errors import CannotStart, WrongUse
from stream.settings import ROLES, Settings

DATABASE = "scanstream"
SUPERUSER = "postgres"
KAFKA_ADMIN = "admin"
KAFKA_ACCOUNTS = ("gateway", "worker", "command", "facts", "listener")
"""Who logs in to Kafka beside its admin; `stream/kafka_accounts.py` says what each may do."""
LISTEN_PORTS = range(20000, 32000)
"""Below Linux's range for outgoing connections (32768 and up): there a kept port may be taken at the next start."""


@dataclass(frozen=True)
class Endpoints:
    """Addresses and passwords of the embedded Postgres and Kafka; `postgres_port` None means socket only."""

    postgres_socket: str  # folder
    postgres_port: int | None
    passwords: dict[str, str]  # by role, and of the superuser
    kafka_port: int
    kafka_controller_port: int
    kafka_cluster_id: str
    kafka_passwords: dict[str, str] = field(default_factory=dict)  # by account; none where an older version chose


class KafkaLogin(NamedTuple):
    """Where Kafka answers (host:port each) and as whom to log in; without an account nobody is asked."""

    servers: tuple[str, ...]
    account: str = ""
    password: str = ""
    mechanism: str = "SCRAM-SHA-256"

    def options(self) -> dict[str, Any]:
        """As clients of Kafka for Python name them."""
        return {"bootstrap_servers": list(self.servers), **(self._sasl() if self.account else {})}

    def _sasl(self) -> dict[str, str]:
        return {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.account,
            "sasl_plain_password": self.password,
        }


def choose_endpoints() -> Endpoints:
    """New free ports and random passwords; the socket folder is for the embedded Postgres to name."""
    return Endpoints(
        postgres_socket="",
        postgres_port=None,
        passwords={role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)},
        kafka_port=free_port(),
        kafka_controller_port=free_port(),
        kafka_cluster_id=_cluster_id(),
        kafka_passwords={account: secrets.token_urlsafe(24) for account in (KAFKA_ADMIN, *KAFKA_ACCOUNTS)},
    )


def _cluster_id() -> str:
    """22 characters of base64, as Kafka makes its own: one with a dash in front would be an option to its tools."""
    while (name := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return name


def load_endpoints(settings: Settings) -> Endpoints | None:
    """What the last `scanstream up` chose; None where there was none. Raises CannotStart where it cannot be read."""
    file = _file(settings)
    try:
        return Endpoints(**json.loads(file.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise CannotStart(f"{file} cannot be read ({error}): restore it from a backup.") from None


def save_endpoints(settings: Settings, endpoints: Endpoints) -> None:
    """Write the file in one step, readable by its owner only: it holds passwords."""
    file = _file(settings)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        json.dump(asdict(endpoints), out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def database_url(settings: Settings, role: str = "migrator") -> str:
    """Address for SQLAlchemy: `postgresql+psycopg://…`; errors as for `libpq_url`."""
    return "postgresql+psycopg" + libpq_url(settings, role).removeprefix("postgresql")


def libpq_url(settings: Settings, role: str = "migrator") -> str:
    """Address for psql and psycopg: `postgresql://…`, logging in as `scanstream_<role>`.

    Raises WrongUse for an unknown role or a missing DATABASE_PASSWORD_<ROLE>, CannotStart where Postgres is embedded
    and was never started.
    """
    if role not in ROLES:
        raise WrongUse(f"There is no role {role}: use one of {', '.join(ROLES)}.")
    if settings.database_url:
        return _external_url(settings, role)
    return embedded_url(_started(settings), f"scanstream_{role}", DATABASE)


def embedded_url(endpoints: Endpoints, user: str, database: str) -> str:
    """Address in the embedded Postgres, by its port where it has one, by its socket else."""
    login = f"{quote(user)}:{quote(endpoints.passwords[user.removeprefix('scanstream_')], safe='')}"
    if endpoints.postgres_port:
        return f"postgresql://{login}@127.0.0.1:{endpoints.postgres_port}/{database}"
    return f"postgresql://{login}@/{database}?host={quote(endpoints.postgres_socket, safe='')}"


def role_passwords(settings: Settings) -> dict[str, str]:
    """Password by role, the migrator's apart: of an external Postgres those that are set, else the embedded one's."""
    roles = [role for role in ROLES if role != "migrator"]
    if settings.database_url:
        given = {role: getattr(settings, f"database_password_{role}") for role in roles}
        return {role: password for role, password in given.items() if password}
    return {role: _started(settings).passwords[role] for role in roles}


def kafka_login(settings: Settings, account: str) -> KafkaLogin:
    """How `account` reaches Kafka; one elsewhere asks for no account unless KAFKA_PASSWORD_<ACCOUNT> is set.

    Raises CannotStart where Kafka is embedded and was never started.
    """
    if settings.kafka_bootstrap_servers:
        servers = filter(None, (server.strip() for server in settings.kafka_bootstrap_servers.split(",")))
        password = kafka_passwords(settings)[account]
        return KafkaLogin(tuple(servers), account if password else "", password)
    endpoints = _started(settings)
    return KafkaLogin((f"127.0.0.1:{endpoints.kafka_port}",), account, endpoints.kafka_passwords[account])


def kafka_passwords(settings: Settings) -> dict[str, str]:
    """Password by account that the settings give for a Kafka elsewhere, empty where they do not."""
    return {account: getattr(settings, f"kafka_password_{account}") for account in (KAFKA_ADMIN, *KAFKA_ACCOUNTS)}


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on at the moment."""
    while True:
        port = secrets.choice(LISTEN_PORTS)
        if is_free(host, port):
            return port


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen on `host:port` now."""
    return _listening_fails(host, port) is None


def check_port(host: str, port: int, setting: str) -> None:
    """Raise CannotStart, naming `setting`, where nobody can listen on `host:port` now."""
    if reason := _listening_fails(host, port):
        raise CannotStart(f"Port {port} on {host} cannot be used ({reason}): free it or set {setting} to another.")


def _listening_fails(host: str, port: int) -> str | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror
    return None


def _external_url(settings: Settings, role: str) -> str:
    url = urlsplit(settings.database_url)
    user_info, _, host = url.netloc.rpartition("@")
    if role == "migrator":
        if settings.database_password_migrator and ":" not in user_info:
            user_info = f"{user_info or 'scanstream_migrator'}:{quote(settings.database_password_migrator, safe='')}"
    else:
        password = getattr(settings, f"database_password_{role}")
        if not password:
            raise WrongUse(f"SCANSTREAM_DATABASE_URL is set, so SCANSTREAM_DATABASE_PASSWORD_{role.upper()} is needed.")
        user_info = f"scanstream_{role}:{quote(password, safe='')}"
    return urlunsplit(("postgresql", f"{user_info}@{host}", url.path, url.query, ""))


def _started(settings: Settings) -> Endpoints:
    endpoints = load_endpoints(settings)
    if endpoints is None:
        raise CannotStart(
            f"No service was started in {settings.data_dir} yet: run `scanstream up`, "
            "or set SCANSTREAM_DATA_DIR to the folder of one that was."
        )
    return endpoints


def _file(settings: Settings) -> Path:
    return settings.run / "endpoints.json"
