"""Where a lesion is, as targets are counted: sides, lobes and segments are their organ, all bones one."""

import pytest

from models.criteria.organs import ORGANS
from stream.dicom.reading.concepts import SITES, concept, site_word
from tests.dicom.content_items import FINDING_SITE, coded

SAID = {
    ("71341001", "Oberschenkelknochen"): "bone",
    ("113197003", "Rib"): "bone",
    ("14806007", "C1 vertebra"): "bone",
    ("75093004", "Skin of abdomen"): "skin",
    ("72674008", "Segment of lung"): "lung",
    ("277959000", "Segment V"): "liver",
    ("716908000", "Prostata, mittlerer Teil"): "prostate",
    ("3341006", "Right lung"): "lung",
    ("72021004", "Superior thyroid artery"): "superior thyroid artery",
}


@pytest.mark.parametrize("said", SAID)
def test_a_code_of_a_part_is_the_organ_whatever_its_wording(said: tuple[str, str]) -> None:
    code, meaning = said
    site = coded(FINDING_SITE, (code, "SCT", meaning))
    assert site_word(concept(site, "ConceptCodeSequence")) == SAID[said]


def test_every_organ_that_codes_stand_for_has_a_word_of_ours() -> None:
    assert set(SITES.values()) == ORGANS
