"""What a check found."""

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 5
"""Failures named per check; the count tells the rest."""


@dataclass
class Finding:
    """One invariant: how many were checked and which failed."""

    invariant: str
    says: str
    checked: int = 0
    failed: int = 0
    first: list[str] = field(default_factory=list)

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
