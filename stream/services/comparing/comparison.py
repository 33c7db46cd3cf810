"""Two sets of weights beside each other in every kind of forecast: risks, sizes, responses."""

from typing import Any, NamedTuple

from stream.errors import AnswerIsNo, WrongUse
from stream.services.comparing import responses, risks, sizes
from stream.storage import active_weights
from stream.storage.database import Connection


class Comparison(NamedTuple):
    """All that can be compared; shifts are new minus old, at each patient's latest timepoint."""

    questions: list[risks.Compared]
    sizes: list[sizes.Compared]
    responses: list[responses.Compared]

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Plain values by kind."""
        return {kind: [one.to_json() for one in found] for kind, found in self._asdict().items()}

    def __str__(self) -> str:
        return "\n\n".join(str(one) for found in self for one in found)


def leading_beside(connection: Connection, version: str) -> str:
    """What leads for everything that `version` forecasts; AnswerIsNo or WrongUse where that is not one other set."""
    pairs = active_weights.known(connection)[version].card.pairs
    rows = active_weights.leads(connection)
    leading = {one.weights_version for one in rows if one.until is None and one.pair in pairs}
    if not leading:
        raise AnswerIsNo("Nothing leads for what these weights forecast: there is nothing to compare them with.")
    if leading == {version}:
        raise WrongUse("These weights lead themselves: name those to compare them with.")
    if len(leading) > 1:
        raise WrongUse("Several weights lead for what these forecast: name those to compare them with.")
    return leading.pop()


def compare(connection: Connection, new: str, old: str) -> Comparison:
    """Every kind of forecast that one of them makes; AnswerIsNo where nobody has any of both."""
    connection.execute("SET transaction_timeout = 0")  # it only reads, and locks nothing
    versions = {"new": new, "old": old}
    found = Comparison(*(kind.compare(connection, versions) for kind in (risks, sizes, responses)))
    if not any(one.shifts.both for kind in found for one in kind):
        raise AnswerIsNo("No patient has forecasts of both weights: there is nothing to compare.")
    return found
