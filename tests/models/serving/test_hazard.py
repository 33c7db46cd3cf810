import math

import pytest
import torch

from models.serving.hazard import intervals, negative_log_likelihood, risk_by_horizon

ENDS = (90, 180, 365)


def logit(hazard: float) -> float:
    return math.log(hazard / (1.0 - hazard))


def test_risk_is_one_minus_the_product_of_survived_intervals() -> None:
    logits = torch.tensor([logit(0.1), logit(0.2), logit(0.5)])
    risk = risk_by_horizon(logits, ENDS, ENDS)
    torch.testing.assert_close(risk, torch.tensor([0.1, 1 - 0.9 * 0.8, 1 - 0.9 * 0.8 * 0.5]))


def test_a_horizon_that_ends_no_interval_is_refused() -> None:
    with pytest.raises(ValueError):
        risk_by_horizon(torch.zeros(3), ENDS, (100,))


@pytest.mark.parametrize(
    ("time_days", "event", "label", "mask"),
    [
        (50, True, [1, 0, 0], [1, 0, 0]),  # the event ends the follow-up
        (90, True, [1, 0, 0], [1, 0, 0]),  # an interval holds its end …
        (91, True, [0, 1, 0], [1, 1, 0]),  # … and not its start
        (400, True, [0, 0, 0], [1, 1, 1]),  # came after the last horizon
        (180, False, [0, 0, 0], [1, 1, 0]),
        (44, False, [0, 0, 0], [0, 0, 0]),  # less than half of the interval was seen
        (45, False, [0, 0, 0], [1, 0, 0]),  # half of it was
    ],
)
def test_censored_intervals_count_from_their_half(
    time_days: float, event: bool, label: list[int], mask: list[int]
) -> None:
    found = intervals(torch.tensor([float(time_days)]), torch.tensor([float(event)]), ENDS)
    assert [each[0].tolist() for each in found] == [label, mask]


def test_the_likelihood_is_that_of_the_seen_intervals() -> None:
    logits = torch.tensor([[logit(0.1), logit(0.2), logit(0.5)]])
    label, mask = intervals(torch.tensor([120.0]), torch.tensor([1.0]), ENDS)
    expected = -math.log(0.9) - math.log(0.2)
    assert negative_log_likelihood(logits, label, mask).item() == pytest.approx(expected, abs=1e-6)
    label, mask = intervals(torch.tensor([200.0]), torch.tensor([0.0]), ENDS)
    expected = -math.log(0.9) - math.log(0.8)
    assert negative_log_likelihood(logits, label, mask).item() == pytest.approx(expected, abs=1e-6)


def test_constant_hazards_learn_the_kaplan_meier_curve() -> None:
    """Without censoring inside intervals the maximum likelihood hazard is events / at risk."""
    time = torch.tensor([30.0, 90.0, 90.0, 120.0, 180.0, 180.0, 365.0, 365.0, 365.0, 365.0])
    event = torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    label, mask = intervals(time, event, ENDS)
    hazard = label.sum(0) / mask.sum(0)
    torch.testing.assert_close(hazard, torch.tensor([2 / 10, 2 / 7, 1 / 4]))
    risk = risk_by_horizon(torch.logit(hazard), ENDS, ENDS)
    torch.testing.assert_close(risk, 1 - torch.tensor([0.8, 0.8 * 5 / 7, 0.8 * 5 / 7 * 3 / 4]))
