"""Sharing a difference among what brought it about: exact Shapley values over all subsets of a few players.

Shapley, "A value for n-person games" (1953); as an explanation of a model's output Lundberg & Lee (NeurIPS 2017).
"""

from math import comb

import numpy as np


def shapley(values: np.ndarray) -> np.ndarray:
    """Shares (P, K) of the players, from `values` (2^P, K) by subset: bit n of a row's number says that n takes part.

    They sum to the last row minus the first. A player that never changes a value gets exactly 0, and no share depends
    on the order of the players.
    """
    subsets = np.arange(len(values))
    players = len(values).bit_length() - 1
    sizes = np.bitwise_count(subsets)
    weights = np.array([1 / (players * comb(players - 1, size)) for size in range(players)])
    shares = np.zeros((players, values.shape[1]))
    for player in range(players):
        without = subsets[(subsets >> player & 1) == 0]
        shares[player] = weights[sizes[without]] @ (values[without | 1 << player] - values[without])
    return shares
