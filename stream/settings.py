"""Settings from the environment and `.env`: names, defaults and the one sentence said when one is wrong."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from models.criteria.course import CRITERIA, unknown_criteria
from stream import crash
from stream.errors import WrongUse

PREFIX = "SCANSTREAM_"
ROLES = ("migrator", "gateway", "worker", "dashboard", "reader", "auditor", "vault")

FILES = ("archive_dir", "key_file", "peers_file", "tls_certificate", "tls_key", "tls_client_ca")
"""Settings that name a file or folder and may be empty."""
NAME_IN_A_BROWSER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
"""What stands between the slashes of an address."""


class Settings(BaseSettings):
    """Every setting of the service; docs/interfaces.md 3 tells what each is for."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    secrets_dir: Path = Path("/run/secrets")
    data_dir: Path = Field(default_factory=lambda: user_data_path("scanstream"))
    archive_dir: Path | None = None
    database_url: str = ""
    database_password_migrator: str = ""
    database_password_gateway: str = ""
    database_password_worker: str = ""
    database_password_dashboard: str = ""
    database_password_reader: str = ""
    database_password_auditor: str = ""
    database_password_vault: str = ""
    kafka_bootstrap_servers: str = ""
    kafka_password_admin: str = ""
    kafka_password_gateway: str = ""
    kafka_password_worker: str = ""
    kafka_password_command: str = ""
    kafka_password_facts: str = ""
    kafka_password_listener: str = ""
    partitions: int = Field(8, ge=1, le=1024)
    postgres_port: int | None = Field(None, ge=1, le=65535)
    dicom_ae_title: str = Field("SCANSTREAM", min_length=1, max_length=16)
    dicom_host: str = "127.0.0.1"
    dicom_port: int = Field(11112, ge=1, le=65535)
    open: bool = False
    peers_file: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    max_object_mb: int = Field(1024, ge=1, le=65536)
    max_inflated_mb: int = Field(256, ge=1, le=4096)
    max_elements: int = Field(1_000_000, ge=1000)
    keep_free_mb: int = Field(512, ge=0)
    dashboard_port: int = Field(8501, ge=1, le=65535)
    dashboard_names: str = ""
    issuer: str = ""
    assume_disease: str = ""
    time_zone: str = "UTC"
    visit_window_days: int = Field(0, ge=0, le=28)
    criteria: str = ""
    workers: int = Field(1, ge=1, le=256)
    part_name: str = Field("", pattern=r"^([A-Za-z0-9][A-Za-z0-9-]{0,39})?$")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    association_wait_seconds: float = Field(2.0, ge=0)
    quiet_seconds: float = Field(30.0, ge=0)
    final_after_seconds: float = Field(86400.0, ge=0)
    required_series: str = ""
    key_slices: bool = True
    key_file: Path | None = None
    crash_at: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then `.env`, then the files of SECRETS_DIR: passwords that no environment shows."""
        folder = _secrets_dir()
        files = [SecretsSettingsSource(settings_cls, folder)] if folder.is_dir() else []
        return init_settings, env_settings, dotenv_settings, *files

    @field_validator("postgres_port", *FILES, mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("data_dir", *FILES)
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone; use a name like Europe/Berlin") from error
        return value

    @field_validator("criteria")
    @classmethod
    def _known_criteria(cls, value: str) -> str:
        if unknown := unknown_criteria(value):
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(CRITERIA)}; several have a semicolon between")
        return value

    @field_validator("dashboard_names")
    @classmethod
    def _names(cls, value: str) -> str:
        if wrong := [name for name in _listed(value) if not NAME_IN_A_BROWSER.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r} is no name as in scans.hospital.example or scans.hospital.example:8443")
        return value

    @field_validator("crash_at")
    @classmethod
    def _known_point(cls, value: str) -> str:
        if value:
            crash.parse(value)
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The zone of sites that do not say theirs."""
        return ZoneInfo(self.time_zone)

    @property
    def archive(self) -> Path:
        """Folder of the original files, named by their sha256."""
        return self.archive_dir or self.data_dir / "archive"

    @property
    def spool(self) -> Path:
        """Folder of what was accepted and not yet handed over."""
        return self.data_dir / "spool"

    @property
    def run(self) -> Path:
        """Folder of endpoints, locks and logs of a running service."""
        return self.data_dir / "run"

    @property
    def pseudonym_key_file(self) -> Path:
        """File of the key that pseudonyms are made with."""
        return self.key_file or self.data_dir / "pseudonym.key"

    @property
    def peers(self) -> Path:
        """File of the senders that may come in."""
        return self.peers_file or self.data_dir / "peers.toml"

    def names_of_dashboard(self) -> list[str]:
        """Under which it is served beside those of this machine: `name` or `name:port`, as a browser shows them."""
        return _listed(self.dashboard_names)

    def issuer_for(self, calling_ae: str) -> str:
        """Issuer of PatientID where the file names none.

        `ISSUER` is a default, or `AE=issuer` pairs separated by commas, or both: `MAIN,PACS2=NORTH`.
        """
        senders, default = self._issuers()
        return senders.get(calling_ae, default)

    def names_issuer_for(self, calling_ae: str) -> bool:
        """Whether `ISSUER` has a pair for this sender, so that the default does not count."""
        return calling_ae in self._issuers()[0]

    def _issuers(self) -> tuple[dict[str, str], str]:
        """Calling AE → issuer, and the default."""
        senders: dict[str, str] = {}
        default = ""
        for item in _listed(self.issuer):
            title, mark, issuer = item.partition("=")
            if not mark:
                default = item
            else:
                senders.setdefault(title.strip(), issuer.strip())
        return senders, default

    def series_required(self) -> dict[str, str]:
        """Series Descriptions that every scan must have (`REQUIRED_SERIES`, commas between), by casefolded form."""
        return {name.casefold(): name for name in _listed(self.required_series)}

    def environment(self) -> dict[str, str]:
        """This process's environment with these settings in it, for child processes."""
        values = {PREFIX + name.upper(): _text(value) for name, value in self.model_dump().items() if value is not None}
        kept = {file.name.upper() for file in self.secrets_dir.glob("*")}  # they read it themselves
        return {**os.environ, **{name: value for name, value in values.items() if name not in kept}}


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment, `.env` and `overrides`; raises WrongUse with one sentence a person can act on."""
    _refuse_unknown_names()
    _refuse_empty_secrets()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise WrongUse(f"Setting {name} is wrong: {first['msg'].removeprefix('Value error, ')}.") from None


def standing_settings() -> Settings:
    """`load_settings()`, read once for as long as the environment says the same: a page asks many times."""
    return _read_once(frozenset((name, value) for name, value in os.environ.items() if name.startswith(PREFIX)))


@cache
def _read_once(_: frozenset[tuple[str, str]]) -> Settings:
    return load_settings()


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = {name for name in (*os.environ, *dotenv_values(".env")) if name.upper().startswith(PREFIX)}
    unknown = sorted(name for name in given if name.upper() not in known)
    if unknown:
        raise WrongUse(f"Unknown setting {unknown[0]}: see `scanstream doctor --help` for the names that exist.")


def _secrets_dir() -> Path:
    return Path(os.environ.get(f"{PREFIX}SECRETS_DIR") or Settings.model_fields["secrets_dir"].default)


def _refuse_empty_secrets() -> None:
    """An empty password counts as none: whoever has it would knock for ever at a door that asks for one."""
    for file in sorted(_secrets_dir().glob(f"{PREFIX.lower()}*")):
        if not file.read_text().strip():
            raise WrongUse(f"The secret {file} is empty: write the password into it.")


def _listed(value: str) -> list[str]:
    """What stands between commas."""
    return [item for part in value.split(",") if (item := part.strip())]


def _text(value: object) -> str:
    return str(value)
