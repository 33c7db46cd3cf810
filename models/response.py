"""The best response up to the next visit by the sums of diameters: RECIST 1.1's rules of size, and no other.

New lesions, lesions that are no targets and the confirmation of a response are not seen here; nor are they forecast.
"""

from collections.abc import Sequence

from models.measurement import ROUNDED_MM
from models.progression import ROUNDING_MM, progresses

CRITERION = "RECIST 1.1"
CATEGORIES = ("CR", "PR", "SD", "PD")
PARTIAL = 0.7  # of the first sum: a partial response is at least 30 % below it (RECIST 1.1)


def still_open(sums_mm: Sequence[float]) -> tuple[str, ...]:
    """Those of CATEGORIES that may be the best up to the next visit, after one or more visits without progression.

    None once it is complete. Whoever was seen twice without progression is at least stable.
    """
    if min(sums_mm) < ROUNDED_MM:
        return ()
    if _partial(sums_mm):
        return CATEGORIES[:2]
    return CATEGORIES if len(sums_mm) == 1 else CATEGORIES[:3]


def best_response(sums_mm: Sequence[float]) -> str:
    """The best of CATEGORIES at the last of two or more visits, in order, before which there was no progression.

    Only a second visit makes progression the best.
    """
    if min(sums_mm) < ROUNDED_MM:
        return "CR"
    if _partial(sums_mm):
        return "PR"
    first, second, *_ = sums_mm
    return "PD" if progresses(second, first) else "SD"


def _partial(sums_mm: Sequence[float]) -> bool:
    return min(sums_mm) <= PARTIAL * sums_mm[0] + ROUNDING_MM
