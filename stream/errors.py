"""Errors whose names say what happens next; one place for each turns them into an action."""

REASON_CODES = (
    "no_date", "impossible_date", "no_patient_id", "patient_conflict", "content_conflict", "unknown_unit",
    "bad_value", "bad_geometry", "not_measurable", "decode_failed", "too_large", "killed_worker",
)  # fmt: skip


class WrongUse(Exception):
    """The user or a setting asked for something that cannot be: one sentence, exit code 2."""


class CannotStart(Exception):
    """Something needed at start cannot be had: one sentence that names it and its cure, exit code 3."""


class AnswerIsNo(Exception):
    """The question was understood and the answer is no (a check failed, a patient unknown): exit code 1."""


class EndsWorker(Exception):
    """The worker has to end and to be started again, and nothing it has in hand is to blame."""


class UnknownWeights(EndsWorker):
    """Weights are active that this worker neither holds nor can load: it must end, a person must bring them."""


class ArchiveAway(OSError):
    """The archive cannot be read at the moment: an outage, to be waited out."""


class Refuse(Exception):
    """Nothing is kept; the sender hears `status` (a C-STORE status, INTERFACES section 7)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class SetAside(Exception):
    """Kept, not processed: `reason_code` is one of REASON_CODES, the text tells a person what to look at."""

    def __init__(self, reason_code: str, reason: str) -> None:
        if reason_code not in REASON_CODES:
            raise ValueError(f"{reason_code} is no reason code")
        super().__init__(reason)
        self.reason_code = reason_code
        self.reason = reason
