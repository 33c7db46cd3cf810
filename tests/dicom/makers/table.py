"""Makers, what they write and what is read of it: the tests check it, and docs/reading.md 7 is written from it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import Dataset
from pydicom.data import get_testdata_file

from stream.dicom.reading.codes.categories import BACKGROUND, ORGAN
from stream.dicom.reading.measurements import STATED_ELSEWHERE
from stream.dicom.reading.reports.other_scans import OTHER_TIME
from stream.dicom.reading.reports.results import ANOTHER, STATISTIC
from stream.dicom.reading.reports.values import OTHER_UNIT
from stream.dicom.reading.sr import NO_LESION_NAMED, NOT_STORED
from tests.dicom.makers import outlines, reports_on_lines, reports_on_segments

Make = Callable[[Sequence[Dataset]], Sequence[Dataset | Path]]
"""Makes the objects that lie beside some images."""

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reading.md"
HEADING = "## 7. What is read of whom"
INTRODUCTION = """
What lies in a scan beside its images: files that the makers wrote, where pydicom brings some, else objects of the
structure that they publish, written by highdicom. Each report is read alike when dcmtk writes it anew.
`python -m tests.dicom.makers` writes this section from the table of the tests, which compare the two.

| maker | object | what is read | what is not used |
|---|---|---|---|"""


@dataclass(frozen=True)
class Lesion:
    """What is read of one lesion, in our units."""

    label: str
    values: Mapping[str, float]
    site: str | None = None
    target: bool | None = None
    node: bool = False

    @property
    def kind(self) -> str:
        """What it is, in words."""
        mark = {True: "target ", False: "non-target ", None: ""}[self.target]
        return mark + ("lymph node" if self.node else "lesion")


@dataclass(frozen=True)
class Made:
    """One kind of object of one maker; `unused` tells what of it is not used, and why."""

    maker: str
    kind: str
    make: Make
    lesions: Sequence[Lesion] = ()
    unused: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.maker}: {self.kind}"


def shipped(name: str) -> Make:
    """A file that pydicom brings."""
    return lambda _: [Path(str(get_testdata_file(name, download=False)))]


OUTLINED = {"volume": outlines.VOLUME, "longest_diameter": outlines.DIAMETER}
SLICER, OHIF, HIGHDICOM = "3D Slicer, dcmqi", "OHIF, cornerstone", "highdicom"
TOOLS_2, TOOLS_3 = "cornerstoneTools@^4.0.0", "Cornerstone3DTools@^0.1.0"


def _by_viewer(tool: str) -> list[Lesion]:
    both, one = {"longest_diameter": 14.0, "short_axis": 8.0}, {"longest_diameter": 12.0}
    return [Lesion(f"{tool}:Bidirectional", both, "lung"), Lesion(f"{tool}:Length", one, "lung")]


MADE = [
    Made("OFFIS dcmtk", "Basic Text SR, their file", shipped("reportsi.dcm")),
    Made("OFFIS dcmtk", "Comprehensive SR, their file", shipped("test-SR.dcm"), (), {"Diameter": NO_LESION_NAMED}),
    Made(SLICER, "SEG of a liver, their file", shipped("liver_1frame.dcm"), (), {"Liver": ORGAN}),
    Made(
        SLICER,
        "SEG of a tumour beside a liver, old codes",
        outlines.slicer,
        [Lesion("Tumor", OUTLINED, "liver")],
        {"Liver": ORGAN},
    ),
    Made(
        SLICER,
        "QuantitativeReporting: TID 1411 with its SEG",
        reports_on_segments.quantitative_reporting,
        [Lesion("Measurements group 1", OUTLINED | {"volume": 0.9}, "liver")],
        {"Attenuation Coefficient": NOT_STORED, "Liver": ORGAN, "volume": STATED_ELSEWHERE},
    ),
    Made(
        "pyradiomics by dcmqi",
        "TID 1411 of IBSI features with its SEG",
        reports_on_segments.radiomics,
        [Lesion("Measurements group 1", OUTLINED | {"volume": 0.78, "sphericity": 0.7})],
        {
            "Maximum 3D Diameter of a Mesh": NOT_STORED,
            "Volume from Voxel Summation": ANOTHER,
            "Liver": ORGAN,
            "volume": STATED_ELSEWHERE,
        },
    ),
    Made(
        SLICER,
        "TID 1411 of PET with its SEG, a reference region",
        reports_on_segments.positron_emission,
        [Lesion("Neoplasm, Primary", OUTLINED | {"volume": 5.0}, "lung")],
        {"SUVbw": NOT_STORED, "Reference Region": BACKGROUND, "volume": STATED_ELSEWHERE},
    ),
    Made(
        SLICER,
        "TID 1411 of a zone of the prostate",
        reports_on_segments.zone_values,
        (),
        {"Peripheral zone of the prostate": ORGAN},
    ),
    Made("MITK", "SEG, Tissue", outlines.mitk, [Lesion("New label 1", OUTLINED)]),
    Made(OHIF, "SEG, Tissue", outlines.ohif, [Lesion(f"Segment {number}", OUTLINED) for number in (1, 2)]),
    Made(
        OHIF,
        "version 2: TID 1501, old codes",
        reports_on_lines.ohif_2,
        _by_viewer(TOOLS_2),
        {"Area": NOT_STORED},
    ),
    Made(
        OHIF,
        "version 3: TID 1501, old codes",
        reports_on_lines.ohif_3,
        _by_viewer(TOOLS_3),
        {"Area": NOT_STORED},
    ),
    Made("TotalSegmentator", "SEG of organs", outlines.organ_map, (), {"Liver": ORGAN, "Spleen": ORGAN}),
    Made("programs for organs", "TID 1411 of an organ", reports_on_segments.organ_values, (), {"Liver": ORGAN}),
    Made(
        "programs for nodules",
        "TID 1501 in a lobe",
        reports_on_lines.nodules,
        [Lesion("Nodule 1", {"longest_diameter": 8.0, "short_axis": 6.0, "volume": 0.18}, "lung")],
        {"Diameter": STATISTIC},
    ),
    Made(
        "RECIST reports",
        "TID 1501 of two time points with responses (CID 6144)",
        reports_on_lines.recist,
        [
            Lesion("T1", {"longest_diameter": 22.0}, "lung", target=True),
            Lesion("T2", {"longest_diameter": 24.0, "short_axis": 16.0}, target=True, node=True),
            Lesion("NT1", {"longest_diameter": 0.0}, "liver", target=False),
        ],
        {"Tumor": OTHER_TIME, "Lymph Node": OTHER_TIME},
    ),
    Made(
        "ultrasound machines",
        "SR of a fetus (TID 5000)",
        reports_on_lines.fetus,
        (),
        {"Femur Length": NO_LESION_NAMED},
    ),
    Made(HIGHDICOM, "SEG, binary", outlines.tracked, [Lesion("Lesion 1", OUTLINED)]),
    Made(HIGHDICOM, "SEG, fractional", outlines.fractional, [Lesion("Lesion 1", OUTLINED)]),
    Made(HIGHDICOM, "SEG, label map", outlines.label_map, [Lesion("Lesion 1", OUTLINED)], {"Background": BACKGROUND}),
    Made(
        HIGHDICOM,
        "TID 1410 with an outline in space",
        reports_on_lines.planar_in_space,
        [Lesion("Lesion 1", {"longest_diameter": 13.0}, "lung")],
        {"Diameter": STATISTIC},
    ),
    Made(
        HIGHDICOM,
        "TID 1410 with a frame of its SEG",
        reports_on_segments.planar_by_frame,
        [Lesion("Lesion 1", {"longest_diameter": 13.0, "short_axis": 9.0, "volume": outlines.VOLUME})],
        {"longest_diameter": STATED_ELSEWHERE},
    ),
    Made(
        "whoever has codes of his own",
        "TID 1501",
        reports_on_lines.own_codes,
        [Lesion("Spot", {"longest_diameter": 17.0})],
        {"Short axis": OTHER_UNIT},
    ),
]


def section() -> str:
    """The section of the page, in whole."""
    rows = (f"| {made.maker} | {made.kind} | {_read(made)} | {_unused(made)} |" for made in MADE)
    return "\n".join([HEADING, INTRODUCTION, *rows]) + "\n"


def write() -> None:
    """Write the section anew, as the last of the page."""
    before, _, _ = PAGE.read_text().partition(HEADING)
    PAGE.write_text(f"{before.rstrip()}\n\n{section()}")


def _read(made: Made) -> str:
    return "; ".join(_counted(made.lesions)) or "nothing"


def _counted(lesions: Sequence[Lesion]) -> Iterator[str]:
    """What is read of lesions, those in one that are of one kind."""
    alike = Counter((", ".join(each.values).replace("_", " "), each.kind, each.site) for each in lesions)
    for (values, kind, site), number in alike.items():
        yield f"{values} of {f'{number} {kind}s' if number > 1 else f'a {kind}'}{f' in the {site}' if site else ''}"


def _unused(made: Made) -> str:
    return "; ".join(f"{what.replace('_', ' ')}: {why}" for what, why in made.unused.items())
