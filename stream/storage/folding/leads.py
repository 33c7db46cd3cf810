"""What leads: one set of weights for each endpoint and disease."""

import datetime as dt
from dataclasses import dataclass

Pair = tuple[str, str]
"""endpoint, disease"""


@dataclass(frozen=True)
class Lead:
    """What leads for an endpoint and disease, or led until `until`."""

    endpoint: str
    disease: str
    weights_version: str
    since: dt.datetime
    until: dt.datetime | None

    @property
    def pair(self) -> Pair:
        """What it leads for."""
        return self.endpoint, self.disease
