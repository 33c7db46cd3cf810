"""Certificates as a hospital's authority issues them, made by openssl for one test."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.programs import needs_program

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Identity(NamedTuple):
    """Files of a key and its certificate (PEM)."""

    key: Path
    certificate: Path

    @property
    def fingerprint(self) -> str:
        """sha256, as openssl shows it."""
        return openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", self.certificate).strip()


def openssl(*words: object) -> str:
    """What openssl prints; fails where it does."""
    command = [needs_program("openssl"), *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def authority(folder: Path, name: str) -> Identity:
    """One who issues certificates."""
    made = Identity(folder / f"{name}.key", folder / f"{name}.pem")
    openssl("req", "-x509", *CURVE, "-subj", f"/CN={name}", "-keyout", made.key, "-out", made.certificate)
    return made


def issued(by: Identity, name: str, days: int = 1) -> Identity:
    """A certificate for `name`; expired where `days` is negative."""
    folder = by.key.parent
    made, request = Identity(folder / f"{name}.key", folder / f"{name}.pem"), folder / f"{name}.csr"
    openssl("req", *CURVE, "-subj", f"/CN={name}", "-keyout", made.key, "-out", request)
    signed_by = ("-CA", by.certificate, "-CAkey", by.key, "-CAcreateserial")
    openssl("x509", "-req", "-in", request, *signed_by, "-days", days, "-out", made.certificate)
    return made
