"""Errors whose names say what happens next; one place for each turns them into an action."""

from stream.vocabulary import ReasonCode


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


class TakesLong(Exception):
    """It takes more than its share: to be done where nobody else waits for it."""


class Refuse(Exception):
    """Nothing is kept; the sender hears `status` (a C-STORE status, docs/interfaces.md 7)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class SetAside(Exception):
    """Kept, not processed: the text tells a person what to look at."""

    def __init__(self, reason_code: ReasonCode | str, reason: str) -> None:
        super().__init__(reason)
        self.reason_code = ReasonCode(reason_code)
        self.reason = reason
