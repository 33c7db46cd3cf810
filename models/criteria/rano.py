"""RANO for gliomas: sums of products of two perpendicular diameters, of RANO 2010 and of RANO 2.0.

Images only: corticosteroids, clinical status and T2/FLAIR, which the papers ask for too, are not known here. Disease
that cannot be measured, new lesions and what a visit lacks are judged by the tables of RECIST 1.1 (our convention).
"""

from dataclasses import replace
from fractions import Fraction

from models.criteria.measures import ProductMeasure, VolumeMeasure
from models.criteria.roles import TargetLimits
from models.criteria.rules import Places, SumRules
from models.criteria.sums import SumCriterion

RANO_RULES = SumRules(
    name="RANO",
    citation="Wen et al., Updated response assessment criteria for high-grade gliomas, JCO 2010;28:1963-1972",
    measure=ProductMeasure(),
    limits=TargetLimits(total=5, per_organ=None),
    response=Fraction(1, 2),  # at least 50 % below the baseline
    progression=Fraction(5, 4),  # at least 25 % above the smallest sum
    more=Fraction(0),
    places=Places(
        target="sum of products",
        non_target="non-measurable disease",
        new="new lesions",
        missing="not evaluated",
        again="disease seen again",
        overall="criteria for response",
    ),
)
RANO_2_RULES = replace(
    RANO_RULES,
    name="RANO 2.0",
    citation="Wen et al., RANO 2.0: update to the response assessment criteria for gliomas, JCO 2023;41:5187-5199",
    limits=TargetLimits(total=2, per_organ=None),
)
RANO_2_VOLUME_RULES = replace(
    RANO_2_RULES,
    name="RANO 2.0 volume",
    measure=VolumeMeasure(),
    response=Fraction(35, 100),  # at least 65 % below the baseline
    progression=Fraction(140, 100),  # at least 40 % above the smallest sum
)
RANO = SumCriterion(RANO_RULES)
RANO_2 = SumCriterion(RANO_2_RULES)
RANO_2_VOLUME = SumCriterion(RANO_2_VOLUME_RULES)
