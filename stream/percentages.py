"""Probabilities and their intervals as people read them, on a page and on a terminal alike."""


def percent(value: float) -> str:
    """A probability as people read it; never a 0 % or 100 % that is not exactly that."""
    if 0 < value < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < value < 1 else f"{value * 100:.0f} %"


def interval(low: float, high: float) -> str:
    """Both ends of an interval of a probability: `30 to 47 %`, `97 to > 99 %`; never `100 to 100 %`."""
    ends = [percent(end).removesuffix(" %") for end in (low, high)]
    if ends[0] != ends[1] or low == high:
        return f"{ends[0]} to {ends[1]} %"
    return f"{ends[0]} %" if ends[0][0] in "<>" else f"{low * 100:.1f} to {high * 100:.1f} %"
