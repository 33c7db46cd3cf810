"""What a check found."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stream.services.verify.invariants import NAMES, Invariant

SHOWN = 5
"""Failures named per check; the count tells the rest."""


@dataclass
class Finding:
    """One invariant, its name in words: how many were checked and which failed."""

    invariant: Invariant
    says: str
    checked: int = 0
    failed: int = 0
    first: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, invariant: Invariant) -> "Finding":
        """Nothing is checked yet."""
        return cls(invariant, NAMES[invariant])

    def check(self, holds: bool, failure: str) -> None:
        """Count one; name it if it fails."""
        self.checked += 1
        if not holds:
            self.failed += 1
            if len(self.first) < SHOWN:
                self.first.append(failure)

    def fail_each(self, checked: int, failures: Iterable[str]) -> None:
        """Count `checked`, of which `failures` do not hold."""
        self.checked += checked
        for failure in failures:
            self.checked -= 1
            self.check(False, failure)
