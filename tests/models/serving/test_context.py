import numpy as np

from models.serving.context import context


def test_context_masks_what_it_does_not_know() -> None:
    names = ("age", "hr", "paclitaxel", "neratinib")
    given = {"age": "57", "hr": "positive?", "arm": "Paclitaxel + Neratinib"}
    assert context(names, given, ())[[0, 2, 3]].tolist() == [57.0, 1.0, 1.0]
    assert np.isnan(context(names, given, ())[1])
    assert np.isnan(context(names, {"age": 570, "arm": "Standard of care"}, ())).all()
