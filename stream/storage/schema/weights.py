"""Facts about weights: which are known, which are kept up to date and which lead."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from stream.storage.schema.base import LATER, Time, Xid8, col, hashes, key, metadata

weights = sa.Table(
    "weights",
    metadata,
    key("weights_version", sa.Text, "sha256 of the weights file"),
    col("model", sa.Text, "Name of the model"),
    col("feature_version", sa.Text, "Features it sees"),
    col("card", JSON, "The model card"),
    col("added_at", Time, "When it was added"),
    *hashes(),
    comment="Weights known to the service",
)

active_weights = sa.Table(
    "active_weights",
    metadata,
    key("weights_version", sa.Text, "Weights whose states are kept up to date"),
    key("since", Time, "From"),
    col("until", Time, "Until; null: active", null=True, info=LATER),
    *hashes(later=True),
    sa.Index("active_weights_open_uq", "weights_version", unique=True, postgresql_where=sa.text("until IS NULL")),
    comment="Which weights are kept up to date",
)

leads = sa.Table(
    "leads",
    metadata,
    key("endpoint", sa.Text, "Endpoint"),
    key("disease", sa.Text, "Disease"),
    key("weights_version", sa.Text, "Weights that lead"),
    key("since", Time, "From"),
    col("until", Time, "Until; null: leads now", null=True, info=LATER),
    col("since_xact", Xid8, "Transaction that began it"),
    col("until_xact", Xid8, "Transaction that ended it", null=True, info=LATER),
    *hashes(later=True),
    sa.Index("leads_open_uq", "endpoint", "disease", unique=True, postgresql_where=sa.text("until IS NULL")),
    comment="Which weights lead for an endpoint and disease",
)
