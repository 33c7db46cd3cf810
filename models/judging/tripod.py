"""What a card owes its reader: TRIPOD+AI item by item, and limits that follow from its own figures.

TRIPOD+AI: Collins et al., BMJ 2024;385:e078378, 27 items. An item is answered by places in the card or in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from models.card import LEAD, LSTM, NOT_MODELS, Card

KNOWN_LIMITS = {
    "progression": (
        "One sum of diameters is followed: new lesions, other disease and clinical progression are not in the data.",
        "Survival is not forecast: the training data hold no deaths.",
        "Trained on trials in lung and bladder cancer; other diseases and daily practice were not seen.",
        "A later line of therapy starts afresh at its baseline. No second line was in the data; on simulated ones, "
        "with the hidden state carried on, risks ranked hardly better and were no truer (docs/forecasts.md).",
        "The simple models and all figures of risks are of visits at which the question was open. The network also "
        "learned from visits after the first progression, where its event is the next growth over the nadir.",
        "Sizes go on after progression: they learned from and were judged at all visits that another followed, mostly "
        "visits before it.",
    ),
    "survival": ("Death of any cause, from imaging and age alone: stage, treatment and condition are not seen.",),
    "response": (
        "One trial, visits at its nominal days; other schedules are interpolated.",
        "Trained on visits before surgery, at which the question was open; no size is forecast.",
        "Survival is not forecast: the training data hold no deaths.",
        "Arms are few and small: a forecast by arm is an association, not an effect of the treatment.",
    ),
}


class ReportingItem(NamedTuple):
    """One item of TRIPOD+AI: where the card answers it (all of `places` must hold something), and in words."""

    name: str
    places: tuple[str, ...]
    words: str


_ITEMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Title", ("model", "endpoints"), "A prediction model, its endpoint and whom it is for."),
    ("Abstract", ("intended_use", "metrics.provenance"), "Use, data and how it was judged."),
    ("Background", ("intended_use", "applies_to"), "What it is for and whom it applies to."),
    ("Objectives", ("endpoints",), "To forecast these endpoints from follow-up scans."),
    ("Data", ("training_data.attribution", "training_data.licence"), "The tables named."),
    ("Participants: eligibility", ("applies_to.diseases", "applies_to.needs"), "Patients of the trials named."),
    ("Data preparation", ("feature_version",), "The features are computed alike in training and in service."),
    ("Outcome", ("endpoints",), "Progression: 20 % and 5 mm over the nadir; pCR: told at surgery; death: its day."),
    ("Predictors", ("architecture.feature_names",), "Known on the day of the scan."),
    ("Sample size", ("training_data.patients", "training_data.visits"), "All patients of the tables with a size."),
    ("Missing data", ("state_layout.cells",), "Masked and carried forward, never guessed."),
    ("Analytical methods", ("architecture", "seed"), "An ensemble on resamples of the patients, from a seed."),
    ("Class imbalance", ("metrics.scores",), "None corrected: risks are to mean what they say."),
    ("Fairness", ("metrics.subgroups",), "Figures by age, race, arm and trial where the data have them."),
    ("Model output", ("endpoints",), "Risks between 0 and 1 with the central 90 % of the ensemble."),
    ("Training versus evaluation", ("metrics.provenance",), "No patient on both sides; trials left out whole."),
    ("Ethical approval", (), "Public data without identities; approvals are the trials' own."),
    ("Open science", ("training_data.licence",), "Code and weights are open; no protocol was registered."),
    ("Patient and public involvement", (), "None."),
    ("Participants: results", ("training_data.patients", "metrics.patients"), "Counts of patients and visits."),
    ("Model development", ("training_data.patients", "metrics.scores"), "Patients and events at every landmark."),
    ("Model specification", ("weights_sha256", "architecture"), "The weights file, named by its sha256."),
    ("Model performance", ("metrics.scores", "metrics.calibration", "metrics.decision_curve"), "With intervals."),
    ("Model updating", (), "None: new weights are new versions with a card of their own."),
    ("Interpretation", ("metrics.scores",), "Beside simple models; what does better is named among the limits."),
    ("Limitations", ("limits",), "See limits."),
    ("Usability", ("applies_to", "metrics.robustness"), "What it needs, and how it bears worse data."),
)
ITEMS = tuple(ReportingItem(*each) for each in _ITEMS)


def complete(card: Card) -> Card:
    """The card with its limits and the answers to TRIPOD+AI filled in."""
    card = replace(card, limits=tuple(limits(card)))
    reporting = {f"{n} {item.name}": _answer(item) for n, item in enumerate(ITEMS, start=1)}
    return replace(card, reporting=reporting)


def lacking(card: Card) -> list[str]:
    """What the card does not say though it should: items of TRIPOD+AI, with the places that are empty.

    That is owed by models that forecast an endpoint; growth maps do not.
    """
    if not card.endpoints:
        return []
    fields = asdict(card)
    missing = []
    for n, item in enumerate(ITEMS, start=1):
        empty = [place for place in item.places if not _at(fields, place)]
        if f"{n} {item.name}" not in card.reporting:
            empty.append(f"reporting.{n} {item.name}")
        if empty:
            missing.append(f"TRIPOD+AI {n} {item.name}: {', '.join(empty)}")
    return missing


def limits(card: Card) -> Iterator[str]:
    """What to beware of, in sentences: known for the model, then found in the card's own figures."""
    yield from KNOWN_LIMITS.get(card.model, ())
    yield from card.metrics.get("notes", ())
    scores = card.metrics.get("scores", ())
    whole = {score["place"] for score in scores if score["measure"] == "F1"}  # where every measure is taken
    for score in scores:
        if score["place"] in whole and score["measure"] == "Brier score":
            for ours, passed_over in ((LEAD, LSTM), (LSTM, LEAD)):
                yield from _better(score, ours, passed_over)
    for score in card.metrics.get("subgroups", ()):
        if score["measure"] == "observed/expected" and (sentence := _off(score)):
            yield sentence


def _better(score: Mapping[str, Any], ours: str, passed_over: str) -> Iterator[str]:
    """A sentence on the model that errs least, if that is not our own."""
    beside = set(score) - {*NOT_MODELS, passed_over}
    values = {name: score[name][0] for name in score if name in beside and score[name] is not None}
    best = min(values, key=values.__getitem__, default=ours)
    if ours in values and best != ours:
        figures = f"Brier score {values[best]:.4f} against {values[ours]:.4f}"
        yield f"{_capital(score['place'])}, {best} errs less than the {ours}: {figures}."


def _off(score: Mapping[str, Any]) -> str | None:
    """A sentence where the interval of observed by expected leaves 1 out."""
    if not score.get(LEAD) or score[LEAD][1] <= 1 <= score[LEAD][2]:
        return None
    value, low, high = score[LEAD]
    way = "high" if value < 1 else "low"
    figures = f"observed/expected {value:.2f} ({low:.2f}, {high:.2f})"
    return f"{_capital(score['place'])}: risks are too {way}, {figures}, {score['cases']} visits with the event."


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _answer(item: ReportingItem) -> str:
    return item.words + (f" [{', '.join(item.places)}]" if item.places else "")


def _at(fields: Mapping[str, Any], place: str) -> Any:
    """The value at a dotted place; None where there is none."""
    value: Any = fields
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if not isinstance(value, Sequence) or len(value) else None
