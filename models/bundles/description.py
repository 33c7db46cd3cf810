"""What a bundle says of itself: for which images it was made, how it wants them, and what its outputs mean."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.bundles.processing import Processing, processing_of
from models.bundles.unusable import UnusableBundle, numbers_of, part_of

METADATA, INFERENCE = Path("configs/metadata.json"), Path("configs/inference.json")
NETWORKS = (Path("models/model.ts"), Path("models/model.onnx"), Path("model.ts"), Path("model.onnx"))
"""Where the network may lie; the first that is there counts."""
PICKLED = ("models/model.pt", "model.pt", "models/model.pth", "model.pth")
MODALITIES = {"CT": "CT", "MR": "MR", "MRI": "MR", "PET": "PT", "PT": "PT"}
"""MONAI's words, and DICOM's for the same."""
LESION_WORDS = ("tumor", "tumour", "lesion", "nodule", "metasta", "cancer", "carcinoma", "neoplasm", "glioma")
"""What is in the name of a channel that outlines lesions; the others outline organs or background."""
LARGEST_FILE_BYTES = 2**30


@dataclass(frozen=True)
class Bundle:
    """A network that outlines lesions, in a folder; `version` stands for its weights and all that it says.

    `lesions`: channels of its output (from 0) that outline lesions, by name. `channels`: how many there are.
    """

    folder: Path
    network: Path
    name: str
    stated_version: str
    version: str
    authors: str
    modality: str
    body_part: str
    channels: int
    lesions: Mapping[int, str]
    processing: Processing

    @property
    def title(self) -> str:
        """How it is called beside what it found."""
        return f"{self.name} {self.stated_version} {self.version[:12]}"

    def fits(self, modality: str, body_part: str) -> bool:
        """Whether it was made for images of this Modality (0008,0060) and Body Part Examined (0018,0015)."""
        return (self.modality, self.body_part) == (modality, body_part.strip().upper())

    @classmethod
    def read(cls, folder: Path) -> "Bundle":
        """The bundle in `folder`; raises UnusableBundle, which says in a sentence what is missing or odd."""
        network = _network(folder)
        metadata = _json(folder / METADATA)
        formats = part_of(metadata, "network_data_format")
        image = _only(part_of(formats, "inputs"), "input")
        prediction = _only(part_of(formats, "outputs"), "output")
        channels = _channels(prediction)
        inference = _json(folder / INFERENCE) if (folder / INFERENCE).exists() else {}
        return cls(
            folder=folder,
            network=network,
            name=_word(metadata, "name"),
            stated_version=_word(metadata, "version"),
            version=_digest(folder, network),
            authors=str(metadata.get("authors") or "nobody who is named"),
            modality=_modality(image),
            body_part=_body_part(image),
            channels=len(channels),
            lesions=_lesions(channels),
            processing=processing_of(image, inference, len(channels)),
        )


def _network(folder: Path) -> Path:
    for network in NETWORKS:
        if (folder / network).is_file():
            if (folder / network).stat().st_size > LARGEST_FILE_BYTES:
                raise UnusableBundle(f"{network} is larger than {LARGEST_FILE_BYTES >> 20} MiB.")
            return network
    for name in PICKLED:
        if (folder / name).is_file():
            raise UnusableBundle(
                f"{name} is a pickle, which is never opened here: export the network as TorchScript "
                "(`python -m monai.bundle ckpt_export`, or torch.jit.script(...).save) to models/model.ts."
            )
    raise UnusableBundle(f"{folder} holds neither models/model.ts (TorchScript) nor model.onnx.")


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnusableBundle(f"{path} is missing: a bundle says there what its network was made for.") from None
    except (OSError, ValueError) as error:
        raise UnusableBundle(f"{path} cannot be read as JSON: {error}.") from None
    if not isinstance(content, dict):
        raise UnusableBundle(f"{path} holds no JSON object.")
    return content


def _only(parts: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """The one input or output there is."""
    if len(parts) != 1:
        raise UnusableBundle(f"The network must have one {what}; metadata.json names {len(parts)}: {', '.join(parts)}.")
    return part_of(parts, *parts)


def _word(metadata: Mapping[str, Any], key: str) -> str:
    word = metadata.get(key)
    if not isinstance(word, str) or not word.strip() or len(word) > 64 or not word.isprintable():
        raise UnusableBundle(f'metadata.json must say "{key}" in at most 64 letters.')
    return word.strip()


def _modality(image: Mapping[str, Any]) -> str:
    stated = str(image.get("modality") or "")
    if stated.upper() not in MODALITIES:
        raise UnusableBundle(f"metadata.json states the modality {stated!r}; CT, MR and PET images are measured here.")
    return MODALITIES[stated.upper()]


def _body_part(image: Mapping[str, Any]) -> str:
    stated = image.get("body_part")
    if not isinstance(stated, str) or not stated.strip():
        raise UnusableBundle(
            'metadata.json does not say which part of the body the network was made for: add "body_part" beside '
            '"modality", in DICOM\'s word for Body Part Examined (0018,0015), such as "BRAIN".'
        )
    return stated.strip().upper()


def _channels(prediction: Mapping[str, Any]) -> dict[int, str]:
    """The names of all channels of the output."""
    named = part_of(prediction, "channel_def")
    (count,) = numbers_of([prediction.get("num_channels")], 1, "num_channels of the output")
    channels = {int(number): str(name) for number, name in named.items() if str(number).isdecimal()}
    if sorted(channels) != list(range(int(count))) or not 0 < count < 256:
        raise UnusableBundle(f"channel_def must name each of the output's {count:g} channels, counted from 0.")
    return channels


def _lesions(channels: Mapping[int, str]) -> dict[int, str]:
    lesions = {number: name for number, name in channels.items() if any(word in name.lower() for word in LESION_WORDS)}
    if not lesions:
        named = ", ".join(channels.values())
        raise UnusableBundle(f"None of the output's channels ({named}) outlines lesions: a name has to say so.")
    return lesions


def _digest(folder: Path, network: Path) -> str:
    """sha256 of all that decides what it finds."""
    digest = hashlib.sha256()
    for name in (network, METADATA, INFERENCE):
        if (folder / name).exists():
            with (folder / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
