"""Facts: what models say of the images of a scan revision."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, DOUBLE_PRECISION

from stream.storage.schema.base import ADDED, Id, col, hashes, key, metadata, scan_revision

slice_scores = sa.Table(
    "slice_scores",
    metadata,
    *scan_revision(),
    col("series_uid", Id, "Pseudonym of the series that was read"),
    col("model", sa.Text, "Name of the model"),
    col("weights_version", sa.Text, "sha256 of the weights that said it"),
    col("learned_from", sa.Integer, "Patients that the weights learned from"),
    col("probability", DOUBLE_PRECISION, "Of a tumour in the series, 0 to 1"),
    col("low", DOUBLE_PRECISION, "Lower end of the central 90 % of the model's own uncertainty"),
    col("high", DOUBLE_PRECISION, "Upper end of the central 90 % of the model's own uncertainty"),
    col("slices", ARRAY(DOUBLE_PRECISION), "Probability of each slice, from the feet"),
    col("slice_number", sa.Integer, "The slice that speaks most for it, from 1, from the feet"),
    col("instance_uid", Id, "Pseudonym of the image with this slice"),
    *hashes(),
    col("picture", BYTEA, "That slice as the model saw it, PNG, 8-bit grey", null=True, info=ADDED),
    col("occlusion", BYTEA, "The same size: where covering lowers its probability, white most", null=True, info=ADDED),
    col("gradient", BYTEA, "The same size: where its probability depends on the pixels", null=True, info=ADDED),
    col(
        "gates",
        ARRAY(DOUBLE_PRECISION),
        "Four rows over the slices: what is let in, kept and shown, from 0 to 1, and what is remembered",
        null=True,
        info=ADDED,
    ),
    comment="How much a series looks like one with a tumour, where nobody measured a lesion: no measurement",
)

outlinings = sa.Table(
    "outlinings",
    metadata,
    *scan_revision(),
    col("model", sa.Text, "Name of the model that was asked"),
    col("version", sa.Text, "Its version, as it states it"),
    col("weights_version", sa.Text, "sha256 of all that decides what it finds"),
    col("outcome", sa.Text, "outlined, nothing_found, or the code of what stood in the way"),
    col("reason", sa.Text, "The same in words; null: nothing stood in the way", null=True),
    col("segmentation_sha256", sa.Text, "Names the segmentation in the archive; null: none was made", null=True),
    *hashes(),
    comment="What a model outlined in a scan revision that came without report and segmentation",
)

scan_embeddings = sa.Table(
    "scan_embeddings",
    metadata,
    *scan_revision(),
    key("modality", sa.Text, "CT, MR or PT: the scan holds images of it"),
    col("encoder", sa.Text, "Name of the encoder that was asked"),
    col("weights_version", sa.Text, "sha256 of its weights"),
    col("series_uid", Id, "Pseudonym of the series that was read; null: none was", null=True),
    col("slices", sa.Integer, "Slices of that series", null=True),
    col("embedding", ARRAY(DOUBLE_PRECISION), "What the encoder says of it, 0 to 1; null: none was read", null=True),
    col("masked_because", sa.Text, "Why none was read; null: one was", null=True),
    *hashes(),
    comment="What an encoder says of the series of a scan revision, a row for each modality that it holds",
)
