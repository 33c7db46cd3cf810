"""Two sets of weights beside each other in every kind of forecast: risks, sizes, responses."""

from typing import Any, NamedTuple

from stream.errors import AnswerIsNo, WrongUse
from stream.services.comparing import responses, risks, sizes
from stream.storage.database import Connection, allow_long_reads
from stream.storage.folding import active_weights
from stream.storage.folding.comparisons import WeightsPair


class Comparison(NamedTuple):
    """All that can be compared; shifts are new minus old, at each patient's latest timepoint."""

    questions: list[risks.RiskComparison]
    sizes: list[sizes.SizeComparison]
    responses: list[responses.ResponseComparison]

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Plain values by kind."""
        return {kind: [each.to_json() for each in compared] for kind, compared in self._asdict().items()}

    def __str__(self) -> str:
        return "\n\n".join(str(each) for compared in self for each in compared)


def leading_beside(connection: Connection, version: str) -> str:
    """What leads for everything that `version` forecasts; AnswerIsNo or WrongUse where that is not one other set."""
    pairs = active_weights.known(connection)[version].card.pairs
    leads = active_weights.leads(connection)
    leading = {lead.weights_version for lead in leads if lead.until is None and lead.pair in pairs}
    if not leading:
        raise AnswerIsNo("Nothing leads for what these weights forecast: there is nothing to compare them with.")
    if leading == {version}:
        raise WrongUse("These weights lead themselves: name those to compare them with.")
    if len(leading) > 1:
        raise WrongUse("Several weights lead for what these forecast: name those to compare them with.")
    return leading.pop()


def compare(connection: Connection, new: str, old: str) -> Comparison:
    """Every kind of forecast that one of them makes; AnswerIsNo where nobody has any of both."""
    allow_long_reads(connection)
    weights = WeightsPair(new, old)
    comparison = Comparison(
        risks.compare(connection, weights), sizes.compare(connection, weights), responses.compare(connection, weights)
    )
    if not any(each.of_both for compared in comparison for each in compared):
        raise AnswerIsNo("No patient has forecasts of both weights: there is nothing to compare.")
    return comparison
