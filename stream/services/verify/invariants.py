"""Which invariants there are (docs/protocol.md 8), each with its name in words: what a check finds is told under it."""

from enum import StrEnum


class Invariant(StrEnum):
    """What always holds, by the id that documents, tests and `scanstream verify` call it by."""

    FILES_KEPT = "I1"
    ENDS_IN_TIME = "I2"
    ONE_TIMELINE = "I3"
    HEAD_VERSIONS = "I4"
    REFERENCE_FOLD = "I5"
    ONE_TRANSACTION = "I6"
    REFERENCE_COURSE = "course"
    CHAIN_OF_FACTS = "I7 timelines"
    CHAIN_OF_FOLDS = "I7 folds"
    STOPPED_WORKER = "I8"
    NO_IDENTIFIER = "I9"
    ASSEMBLED_AGAIN = "assembled"
    MEASURED_AGAIN = "measured"
    ROW_HASHES = "hashes"
    AUDIT_CHAIN = "audit"
    WORKLIST = "worklist"
    EXPLAINED_AGAIN = "explained"


NAMES = {
    Invariant.FILES_KEPT: "every acknowledged file is in the archive with its sha256",
    Invariant.ENDS_IN_TIME: "every accepted instance came to an end in time",
    Invariant.ONE_TIMELINE: "the ledger is unique and every scan stands on one timeline",
    Invariant.HEAD_VERSIONS: "folds carry versions 1..n, the head the last",
    Invariant.REFERENCE_FOLD: "standing states and forecasts equal the reference fold",
    Invariant.REFERENCE_COURSE: "standing visits, verdicts and questions equal the reference course",
    Invariant.ONE_TRANSACTION: "all rows of a fold share one transaction and one time",
    Invariant.CHAIN_OF_FACTS: "every standing state's digest equals the one of its facts",
    Invariant.CHAIN_OF_FOLDS: "every fold's digest covers its rows and the fold before",
    Invariant.STOPPED_WORKER: "a worker that was stopped for long and then goes on changes nothing",
    Invariant.NO_IDENTIFIER: "no original identifier is found outside vault, spool and archive",
    Invariant.ASSEMBLED_AGAIN: "every scan is made of all that counts of what was accepted, and of its day",
    Invariant.MEASURED_AGAIN: "what stands is what the archive's files say when they are read again",
    Invariant.ROW_HASHES: "every row equals its hash",
    Invariant.AUDIT_CHAIN: "the audit log is a chain without a gap",
    Invariant.WORKLIST: "every row of the worklist says what stands",
    Invariant.EXPLAINED_AGAIN: "why a risk moved is kept for each that is current, and is what is said anew",
}
"""Said once, here. STOPPED_WORKER is of workers and not of rows: tests stop one, `verify` cannot look at it."""
