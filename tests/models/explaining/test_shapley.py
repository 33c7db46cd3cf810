from itertools import permutations

import numpy as np
import pytest

from models.explaining.shapley import shapley

PLAYERS = 4


def random_game(seed: int, players: int = PLAYERS) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(1 << players, 3))


def by_every_order(values: np.ndarray, players: int) -> np.ndarray:
    """Shapley's own definition: what each player adds when they come one after the other, mean over all orders."""
    orders = list(permutations(range(players)))
    shares = np.zeros((players, values.shape[1]))
    for order in orders:
        present = 0
        for player in order:
            shares[player] += values[present | 1 << player] - values[present]
            present |= 1 << player
    return shares / len(orders)


def test_a_share_is_what_a_player_adds_on_average_over_all_orders_of_coming() -> None:
    values = random_game(0)
    np.testing.assert_allclose(shapley(values), by_every_order(values, PLAYERS), atol=1e-14)


@pytest.mark.parametrize("players", range(9))
def test_the_shares_sum_to_all_minus_none(players: int) -> None:
    values = random_game(players, players)
    np.testing.assert_allclose(shapley(values).sum(0), values[-1] - values[0], atol=1e-14)


def test_who_changes_nothing_gets_nothing_at_all() -> None:
    values = random_game(1, PLAYERS - 1)
    with_idler = np.concatenate([values, values])  # the last player's bit makes no difference
    shares = shapley(with_idler)
    assert (shares[-1] == 0.0).all()
    np.testing.assert_allclose(shares[:-1], shapley(values), atol=1e-14)


def test_two_who_add_the_same_get_the_same() -> None:
    both = np.array([[0.0], [1.0], [1.0], [5.0]])
    np.testing.assert_array_equal(shapley(both), [[2.5], [2.5]])
