"""Curves and rates of a cohort, against published values and other people's implementations."""

import io

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sksurv.nonparametric import kaplan_meier_estimator

from dashboard.cohort import tables, words
from dashboard.cohort.rates import category_counts, exact, share_of
from dashboard.cohort.survival import Median, at_risk, kaplan_meier, median

MERCAPTOPURINE = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
STILL_IN_REMISSION = {3, 5, 7, 8, 11, 12, 13, 16, 17, 18, 19, 20}
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
"""Weeks of remission (Freireich et al., Blood 1963;21:699-716), and who of the first were still in it at the end."""
RELAPSED = [position not in STILL_IN_REMISSION for position in range(len(MERCAPTOPURINE))]


def test_the_curve_of_remissions_is_the_one_that_textbooks_print() -> None:
    """Cox and Oakes, Analysis of Survival Data, 1984, and Kleinbaum and Klein, Survival Analysis."""
    curve = kaplan_meier(MERCAPTOPURINE, RELAPSED)
    steps = curve[curve.events > 0]
    assert list(steps.day) == [6, 7, 10, 13, 16, 22, 23]
    assert list(steps.at_risk) == [21, 17, 15, 12, 11, 7, 6]
    assert list(steps.survival.round(4)) == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert median(curve).days == 23
    assert median(kaplan_meier(PLACEBO, [True] * 21)).days == 8


def test_an_end_that_is_not_reached_is_not_invented() -> None:
    found = median(kaplan_meier(MERCAPTOPURINE, RELAPSED))
    assert found.low == 13
    assert np.isnan(found.high)
    assert words.median(Median(23 * words.DAYS_A_MONTH, 13 * words.DAYS_A_MONTH, np.nan)) == (
        "23.0 months (95 % interval 13.0 months to not reached)"
    )


def test_a_median_that_one_patient_alone_makes_has_no_interval_and_says_so() -> None:
    found = median(kaplan_meier([30, 30, 30, 30, 30, 3_318], [False] * 5 + [True]))
    assert words.median(found) == "109.0 months (too few were followed so long for a 95 % interval)"


@pytest.mark.parametrize("seed", range(5))
def test_curve_and_interval_are_those_of_scikit_survival_with_ties_too(seed: int) -> None:
    random = np.random.default_rng(seed)
    days, event = random.integers(1, 60, 80), random.random(80) < 0.6
    ours = kaplan_meier(days, event).iloc[1:]
    theirs_days, survival, (low, high) = kaplan_meier_estimator(event, days, conf_type="log-log")
    assert list(ours.day) == list(theirs_days)
    assert np.allclose(ours.survival, survival)
    between = (survival < 1) & (survival > 0)
    assert np.allclose(ours.low[between], low[between])
    assert np.allclose(ours.high[between], high[between])


def test_who_leaves_on_a_day_is_at_risk_until_then() -> None:
    assert at_risk([0, 10, 10, 20], [0, 10, 11, 20, 21]) == [4, 3, 1, 1, 0]


@pytest.mark.parametrize(
    ("having", "total", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_the_exact_interval_is_the_published_one(having: int, total: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 1998;17:857-872, table I, Clopper and Pearson."""
    found = exact(having, total)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)
    theirs = binomtest(having, total).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_who_cannot_be_evaluated_is_in_every_rate() -> None:
    best = pd.Series(["CR", "PR", "SD", "NE", None, "PD"]).fillna("NE")
    assert words.share(share_of(best, ("CR", "PR"))) == "2 of 6: 33 % (4 to 78 %)"
    assert category_counts(best) == {"CR": 1, "PR": 1, "SD": 1, "Non-CR/Non-PD": 0, "PD": 1, "NE": 2}
    assert share_of(pd.Series(["iPR", "iSD", "iUPD"]), ("CR", "PR")).having == 1


def test_no_cell_of_the_csv_starts_a_formula() -> None:
    arms = ["=1+1", "+A1", "-2+3", "@SUM(A1)", "\tx", " =x", "A-1"]
    table = pd.DataFrame({"Arm": arms, "Change": [-12.5] * 7})
    back = pd.read_csv(io.StringIO(tables.harmless_csv(table)))
    assert list(back.Arm) == [*(f"'{arm}" for arm in arms[:-1]), "A-1"]
    assert list(back.Change) == [-12.5] * 7
