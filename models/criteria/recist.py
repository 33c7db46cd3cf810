"""RECIST 1.1: Eisenhauer et al., New response evaluation criteria in solid tumours, EJC 2009;45:228-247."""

from fractions import Fraction

from models.criteria.measures import DiameterMeasure
from models.criteria.roles import TargetLimits
from models.criteria.rules import Places, SumRules
from models.criteria.sums import SumCriterion

RECIST_RULES = SumRules(
    name="RECIST 1.1",
    citation="Eisenhauer et al., EJC 2009;45:228-247",
    measure=DiameterMeasure(),
    limits=TargetLimits(total=5, per_organ=2),  # 4.1, 4.2
    response=Fraction(7, 10),  # 4.3.1: at least 30 % below the baseline
    progression=Fraction(12, 10),  # 4.3.1: at least 20 % above the nadir …
    more=Fraction(5),  # … and at least 5 mm
    places=Places("4.3.1", "4.3.3", "4.3.5", "4.4.2", "Table 3", "Tables 1, 2"),
)
RECIST = SumCriterion(RECIST_RULES)
