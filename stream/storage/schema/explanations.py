"""Why risks moved, worked out after the fold that forecast them, and whose risks wait to be explained."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from stream.storage.schema.base import Id, Time, col, hashes, key, metadata

explanations = sa.Table(
    "explanations",
    metadata,
    key("fold_id", sa.BigInteger, "Fold that wrote the forecasts"),
    key("weights_version", sa.Text, "Weights that made them"),
    key("scan_uid", Id, "Scan they stand on"),
    key("endpoint", sa.Text, "Endpoint"),
    col("patient_id", Id, "Timeline they were shown under"),
    col("explained_at", Time, "When it was worked out"),
    col("says", JSON, "Risks before and now, parts, what is unusual, other arms, gates"),
    *hashes(),
    sa.Index("explanations_patient_id_ix", "patient_id"),
    comment="Why risks are what they are: of the forecasts of one endpoint that one fold made after one scan",
)

unexplained = sa.Table(
    "unexplained",
    metadata,
    key("patient_id", Id, "Timeline"),
    key("since", Time, "Time of the fold, or of the change of weights that lead"),
    sa.Index("unexplained_since_ix", "since"),
    comment="Timelines whose risks may be new and wait to be explained; a row goes with the transaction that does it",
)

unexplainable = sa.Table(
    "unexplainable",
    metadata,
    key("fold_id", sa.BigInteger, "Fold that wrote the forecasts"),
    key("weights_version", sa.Text, "Weights that made them"),
    key("scan_uid", Id, "Scan they stand on"),
    key("endpoint", sa.Text, "Endpoint"),
    col("patient_id", Id, "Timeline they were shown under"),
    col("tried_at", Time, "When it was tried"),
    col("reason", sa.Text, "Why it failed, in words"),
    sa.Index("unexplainable_patient_id_ix", "patient_id"),
    comment="Forecasts whose explanation failed at the last try; a row goes when their timeline is tried again",
)
