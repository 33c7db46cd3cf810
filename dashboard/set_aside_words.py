"""Words for what was set aside: why, what to do about it, what it is, and what can be decided."""

from stream.vocabulary import Decision, ReasonCode

REASONS: dict[str, tuple[str, str]] = {
    ReasonCode.NO_DATE: ("No usable date", "Release it and say the day, or send it again with one."),
    ReasonCode.IMPOSSIBLE_DATE: (
        "Impossible date",
        "Release it and say the day, or correct it at the sender and send it again.",
    ),
    ReasonCode.NO_PATIENT_ID: ("No patient ID", "Release it and say whose it is, or send it again with a patient ID."),
    ReasonCode.PATIENT_CONFLICT: (
        "One study, two patients",
        "Find out which patient is right; send it again under that one.",
    ),
    ReasonCode.IDENTITY_DOUBT: (
        "One patient ID, two people?",
        "Release it if it is the same person; else reject it, or release it for the right patient.",
    ),
    ReasonCode.CONTENT_CONFLICT: ("Same instance, other content", "The first one stands. Decide which one is right."),
    ReasonCode.UNKNOWN_UNIT: ("Unknown unit", "Report the value in mm, cm, ml or cm3 and send it again."),
    ReasonCode.BAD_VALUE: (
        "Impossible value",
        "Sizes are not negative and not larger than a body: correct the report and send it again.",
    ),
    ReasonCode.BAD_GEOMETRY: (
        "Geometry contradicts its reference",
        "Export the segmentation again from the images it refers to.",
    ),
    ReasonCode.NOT_MEASURABLE: ("Could not be measured", "Look at the reason; send a corrected object."),
    ReasonCode.DECODE_FAILED: ("Pixels cannot be decoded", "Send it again uncompressed."),
    ReasonCode.TOO_LARGE: ("Too large", "Send it in smaller series."),
    ReasonCode.KILLED_WORKER: ("Ended a worker three times", "Keep the file and report it to the operator."),
}
"""What was found, and what the sender's people can do about it."""
DECISIONS: dict[str, str] = {
    Decision.RELEASED: "Release: it counts as if nothing had been wrong",
    Decision.REJECTED: "Reject: it stays aside for good",
}
KINDS = {
    "file": "file",
    "revision": "scan",
    "message": "message",
    "timeline": "patient's timeline",
    "row": "row of a table",
    "identity event": "merge or move of patients",
}
"""What can be set aside."""


def found(code: str, kind: str, why_not: str | None) -> tuple[str, str]:
    """What was found, and what helps: a row of a table is corrected there, whatever it was set aside for."""
    title, cure = REASONS.get(code, (code, "Look at the reason."))
    return title, why_not if kind == "row" and why_not else cure
