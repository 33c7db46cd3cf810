"""The words that rows, messages and pages share (docs/glossary.md): one enum for each question they answer."""

import datetime as dt
from enum import IntEnum, StrEnum

NO_DAY = dt.date(1900, 1, 1)
"""Written by many systems where a day must be typed and none is known; earlier ones are typing errors."""
RECIST = "RECIST 1.1"
"""The criterion that every timeline is judged by; others stand beside it."""
UNKNOWN_DISEASE = (
    "No model applies to scans of unknown disease: import clinical.csv with a column disease (scanstream import)."
)
"""Said where a forecast is looked for and a scan has none for this reason."""
ENDPOINTS = ("progression", "death", "pcr", "objective_response", "tumour_presence")
"""What is asked of a patient, in the order in which it is asked."""
EXPLANATIONS = {
    "kind not measured yet": "Kept, and nothing in it is measured: no report and no segmentation that can be read.",
    "no lesion measured; a model read the slices": "No lesion was measured. A model read the slices.",
    "no model applies": "No model applies: none in service was made for this disease and these measurements.",
}
"""Reasons of the view scan_status for which a scan that counts has no forecast, as sentences."""


class Status(StrEnum):
    """How far a revision of a scan has come."""

    RECEIVING = "receiving"
    MEASURING = "measuring"
    WAITING = "waiting"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    RETRACTED = "retracted"
    SET_ASIDE = "set_aside"


class Completeness(StrEnum):
    """Why a revision was made: the first four and IMPORT are evidence that nothing is missing, so it is final."""

    SINGLE_SR = "single_sr"
    COUNTS = "counts"
    SERIES_LIST = "series_list"
    REFERENCES = "references"
    IMPORT = "import"
    ASSOCIATION_END = "association_end"
    QUIET = "quiet"
    FINAL_AFTER = "final_after"


class Receipt(StrEnum):
    """What became of a file that a sender was told success for."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    SET_ASIDE = "set_aside"


class ReasonCode(StrEnum):
    """Why an item was set aside."""

    NO_DATE = "no_date"
    IMPOSSIBLE_DATE = "impossible_date"
    NO_PATIENT_ID = "no_patient_id"
    PATIENT_CONFLICT = "patient_conflict"
    IDENTITY_DOUBT = "identity_doubt"
    CONTENT_CONFLICT = "content_conflict"
    UNKNOWN_UNIT = "unknown_unit"
    BAD_VALUE = "bad_value"
    BAD_GEOMETRY = "bad_geometry"
    NOT_MEASURABLE = "not_measurable"
    DECODE_FAILED = "decode_failed"
    TOO_LARGE = "too_large"
    KILLED_WORKER = "killed_worker"


class IssuerSource(IntEnum):
    """Who says whose number a Patient ID is, the weakest first."""

    DEFAULT = 0
    SENDER = 1
    FILE = 2


class Decision(StrEnum):
    """What a person decided on an item that was set aside."""

    RELEASED = "released"
    REJECTED = "rejected"


class EntryKind(StrEnum):
    """What stands on a timeline."""

    SCAN = "scan"
    TREATMENT = "treatment"


class FactKind(StrEnum):
    """What the ledger counts exactly once."""

    SCAN = "scan"
    TREATMENT = "treatment"
    CLINICAL = "clinical"
    REJECTION = "rejection"
    OUTCOME = "outcome"
    LESION = "lesion"
    IDENTITY = "identity"


class Cause(StrEnum):
    """Why a fold was made, or why a forecast no longer stands: ARRIVAL is of folds only, OCCURRED of forecasts."""

    ARRIVAL = "arrival"
    LATE = "late"
    REVISION = "revision"
    TREATMENT = "treatment"
    CLINICAL = "clinical"
    REJECTED = "rejected"
    RETRACTED = "retracted"
    RESTORED = "restored"
    MOVED = "moved"
    MERGED = "merged"
    UNMERGED = "unmerged"
    REPLAY = "replay"
    OCCURRED = "occurred"
    LINKED = "linked"


class LesionRelation(StrEnum):
    """What a person said of a lesion: alone, or to another one."""

    SAME = "same"
    DIFFERENT = "different"
    ANEW = "anew"  # from a day on the name stands for another lesion
    FRAGMENT = "fragment"  # it was a part of the other
    MERGED = "merged"  # from a day on it counts within the other
    TARGET = "target"
    NON_TARGET = "non_target"


class IdentityKind(StrEnum):
    """What an identity event does."""

    MERGE = "merge"
    UNMERGE = "unmerge"
    MOVE = "move"


class IdentityOutcome(StrEnum):
    """What became of an identity event when its turn came."""

    DONE = "done"
    REFUSED = "refused"


class RejectionKind(StrEnum):
    """Who took a revision down: people and notes, or the sender's own correction."""

    REJECTED = "rejected"
    RETRACTED = "retracted"


class RejectionReason(StrEnum):
    """Why a revision was taken down."""

    QUALITY = "quality"
    SAFETY = "safety"
    WRONG_PATIENT = "wrong_patient"
    REPLACED = "replaced"
    OTHER = "other"


class Role(StrEnum):
    """Whether weights speak for a disease, or are kept up to date beside those that do."""

    LEAD = "lead"
    SHADOW = "shadow"
