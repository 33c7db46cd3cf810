from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from models.criteria.exact import apart, exact, near, over, percent_change

sums = st.lists(st.floats(0, 500), min_size=1, max_size=5).map(lambda sizes: sum(map(exact, sizes), Fraction(0)))
shares = st.sampled_from([Fraction(7, 10), Fraction(12, 10), Fraction(1, 2), Fraction(523599, 10**9)])


@given(sums, sums, shares)
def test_whole_numbers_say_what_fractions_do_to_the_bit(value: Fraction, reference: Fraction, share: Fraction) -> None:
    assert near(value) == float(value)
    assert apart(value, reference) == float(value - reference)
    assert percent_change(value, reference) == (float((value - reference) * 100 / reference) if reference else None)
    assert (over(value, share, reference) > 0) is (value > share * reference)


@given(sums, shares)
def test_a_sum_that_is_just_the_share_is_not_over_it(reference: Fraction, share: Fraction) -> None:
    assert over(share * reference, share, reference) == 0
