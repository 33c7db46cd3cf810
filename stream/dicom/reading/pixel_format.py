"""How pixel data is laid out (PS3.3 C.7.6.3), and so how large it must be."""

from dataclasses import dataclass

from pydicom import Dataset


class NotDecodable(Exception):
    """The pixel data is not what the header promises; the text carries no value from it."""


@dataclass(frozen=True)
class PixelFormat:
    """The attributes of PS3.3 C.7.6.3 that say how pixel data is laid out."""

    rows: int
    columns: int
    samples: int
    frames: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str

    @classmethod
    def of(cls, dataset: Dataset) -> "PixelFormat":
        """Format of a pydicom dataset; zero rows where it has no pixel module."""
        bits = int(dataset.get("BitsAllocated") or 0)
        return cls(
            rows=int(dataset.get("Rows") or 0),
            columns=int(dataset.get("Columns") or 0),
            samples=int(dataset.get("SamplesPerPixel") or 1),
            frames=int(dataset.get("NumberOfFrames") or 1),
            bits_allocated=bits,
            bits_stored=int(dataset.get("BitsStored") or bits),
            signed=bool(dataset.get("PixelRepresentation")),
            photometric=str(dataset.get("PhotometricInterpretation") or ""),
        )

    @property
    def frame_bytes(self) -> int:
        """Bytes of one native frame, rounded up."""
        return -(-self._frame_bits // 8)

    @property
    def decoded_bytes(self) -> int:
        """Bytes of one frame as it is decoded: a byte for each single bit."""
        return self.frame_bytes if self.bits_allocated != 1 else self.rows * self.columns * self.samples

    @property
    def native_bytes(self) -> int:
        """Bytes of all frames when native; frames of single bits follow each other without gaps (PS3.5 8.1.1)."""
        return -(-self._frame_bits * self.frames // 8)

    @property
    def _frame_bits(self) -> int:
        bits = self.rows * self.columns * self.samples * self.bits_allocated
        return bits * 2 // 3 if self.photometric == "YBR_FULL_422" else bits
