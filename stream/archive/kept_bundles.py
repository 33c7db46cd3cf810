"""The bundles that measure for a service, kept in the archive, and which of them is asked for which images."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from models.bundles.description import INFERENCE, METADATA, Bundle
from models.bundles.tried_out import tried_out
from models.bundles.unusable import UnusableBundle
from stream.archive.durable import sync_folder, write_temp
from stream.archive.kept_weights import keep_folder
from stream.errors import CannotStart, WrongUse

IN_SERVICE = "in_service.json"
"""By modality and part of the body the version of the bundle that was added last."""


def keep_bundle(archive: Path, folder: Path) -> Bundle:
    """Check the bundle in `folder`, let it outline something and copy it into the archive; WrongUse if unusable."""
    try:
        bundle = tried_out(folder)
        target = _folder(archive) / bundle.version
        if not target.exists():
            names = (METADATA, INFERENCE, bundle.network)
            keep_folder(folder, target, [name for name in names if (folder / name).exists()])
        return Bundle.read(target)
    except UnusableBundle as error:
        raise WrongUse(str(error)) from None
    except OSError as error:
        raise WrongUse(f"{error.filename} cannot be read or written: {error.strerror}.") from None


def let_measure(archive: Path, bundle: Bundle) -> bool:
    """From now on `bundle` is asked for what it was made for; False where that is so already."""
    versions = _versions(archive)
    made_for = f"{bundle.modality} {bundle.body_part}"
    if versions.get(made_for) == bundle.version:
        return False
    text = json.dumps(versions | {made_for: bundle.version}, indent=1, sort_keys=True)
    written, _ = write_temp(_folder(archive), [text.encode()])
    written.rename(_folder(archive) / IN_SERVICE)
    sync_folder(_folder(archive))
    return True


def in_service(archive: Path) -> Sequence[Bundle]:
    """The bundles that are asked, in an order that nothing changes; CannotStart where one is damaged."""
    return [_kept(_folder(archive) / version) for _, version in sorted(_versions(archive).items())]


@lru_cache
def _kept(folder: Path) -> Bundle:
    """What is kept under a version never changes."""
    try:
        return Bundle.read(folder)
    except UnusableBundle as error:
        raise CannotStart(str(error)) from None


def _versions(archive: Path) -> dict[str, str]:
    try:
        versions: dict[str, str] = json.loads((_folder(archive) / IN_SERVICE).read_text())
    except FileNotFoundError:
        return {}
    return versions


def _folder(archive: Path) -> Path:
    return archive / "bundles"
