"""All tables of the database, as the migrations make them."""

from stream.storage.schema.base import ADDED, LATER, SCHEMA, UNHASHED, Table, metadata
from stream.storage.schema.facts import (
    active_weights,
    aliases,
    assignments,
    clinical,
    features,
    identity_events,
    instances,
    leads,
    measurements,
    outcomes,
    rejections,
    revision_instances,
    revisions,
    scans,
    set_asides,
    treatments,
    weights,
)  # fmt: skip
from stream.storage.schema.standing import (
    fold_ids,
    folds,
    forecasts,
    heads,
    ledger,
    placements,
    response_probabilities,
    size_forecasts,
    states,
)  # fmt: skip
from stream.storage.schema.work import (
    assembly,
    associations,
    audit,
    patients,
    receipts,
    service,
    suspects,
    vault_scans,
)  # fmt: skip
