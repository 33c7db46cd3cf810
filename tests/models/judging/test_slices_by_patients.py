"""How figures grow with the patients learned from: nobody is judged by a member that knew them, everybody is judged."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from models.imaging.network import SliceLogits, SliceNetwork
from models.judging.slices import by_patients as module
from models.judging.slices.by_patients import by_patients, taught
from models.judging.slices.comparison import Fold
from models.training.slices.lesson import Lesson

PATIENTS, SLICES = "ABCDEFGH", 12
Says = Callable[[Lesson | None, Tensor], Tensor]


def lesson(number: int, patient: str) -> Lesson:
    """Pictures that are told apart by their grey value."""
    pictures = torch.full((SLICES, 1, 8, 8), float(number))
    shows = torch.arange(SLICES) % 3 == number % 3
    return Lesson(patient, pictures, torch.zeros_like(pictures), shows)


LESSONS = [lesson(number, patient) for number, patient in enumerate(PATIENTS)]


class Member(SliceNetwork):
    """Says of slices what `says` makes of the lesson, if the member was taught with it, and the pictures."""

    def __init__(self, lessons: Sequence[Lesson], says: Says) -> None:
        super().__init__()
        self.known, self.says = {float(each.pictures[0, 0, 0, 0]): each for each in lessons}, says

    def forward(self, pictures: Tensor) -> SliceLogits:
        return SliceLogits(self.says(self.known.get(float(pictures[0, 0, 0, 0])), pictures)[:, None], torch.zeros(1))


def by_heart(known: Lesson | None, pictures: Tensor) -> Tensor:
    return torch.zeros(len(pictures)) if known is None else 20.0 * known.shows - 10.0


def roughly(known: Lesson | None, pictures: Tensor) -> Tensor:
    """The truth with as much noise of the member's own."""
    return 2.0 * LESSONS[int(pictures[0, 0, 0, 0])].shows + torch.randn(len(pictures))


def found(monkeypatch: pytest.MonkeyPatch, says: Says, draws: int) -> dict[int, module.BySize]:
    monkeypatch.setattr(module, "fit_member", lambda lessons, seed: Member(lessons, says))
    folds = []
    for left_out in LESSONS:
        others = [each for each in LESSONS if each is not left_out]
        folds.append(Fold(Member(others, says), others, [left_out]))
    return by_patients(LESSONS, folds, draws, seed=1)


@pytest.mark.parametrize("size", [1, 2, 4, 6, 7])
def test_each_draw_leaves_everybody_out_of_a_member_that_learns_from_so_many(size: int) -> None:
    parts = list(taught(PATIENTS, size, np.random.default_rng(1)))
    assert {len(part) for part in parts} == {size}
    assert all(any(patient not in part for part in parts) for patient in PATIENTS)


def test_nobody_is_judged_by_a_member_that_knew_them(monkeypatch: pytest.MonkeyPatch) -> None:
    by_size = found(monkeypatch, by_heart, draws=2)
    assert list(by_size) == [2, 4, 6, 7]
    for each in by_size.values():
        assert each.alone["auc"].value == each.together["auc"].value == 0.5


def test_the_mean_of_several_members_is_judged_beside_single_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    by_size = found(monkeypatch, roughly, draws=4)
    assert [each.members >= 4 for each in by_size.values()] == [True, True, True, False]
    for size in (2, 4, 6):
        assert by_size[size].together["auc"].value > by_size[size].alone["auc"].value > 0.75
    assert by_size[7].members == 1 and by_size[7].together == by_size[7].alone
