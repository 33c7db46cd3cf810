"""Sums of volumes, with the limits of RECIST 1.1 as those of a sphere: 0.7³ and 1.2³ of its volume."""

from fractions import Fraction

from models.criteria.measures import VolumeMeasure
from models.criteria.roles import TargetLimits
from models.criteria.rules import Places, SumRules
from models.criteria.sums import SumCriterion

VOLUME_RULES = SumRules(
    name="volume",
    citation="RECIST 1.1 as spheres: Eisenhauer et al., EJC 2009;45:228-247, Appendix II (-66 %, +73 %)",
    measure=VolumeMeasure(),
    limits=TargetLimits(total=5, per_organ=2),
    response=Fraction(34, 100),  # at least 66 % below the baseline
    progression=Fraction(173, 100),  # at least 73 % above the smallest sum
    more=Fraction(0),
    places=Places("4.3.1 as volumes", "4.3.3", "4.3.5", "4.4.2", "Table 3", "Tables 1, 2"),
)
VOLUME = SumCriterion(VOLUME_RULES)
