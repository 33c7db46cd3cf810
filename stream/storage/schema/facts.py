"""Facts: accepted, appended, never changed but for the columns marked LATER."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, DOUBLE_PRECISION, JSON

from stream.storage.schema.base import ADDED, LATER, Id, Time, col, hashes, key, metadata, scan_revision

instances = sa.Table(
    "instances",
    metadata,
    key("instance_uid", Id, "Pseudonym of the SOP Instance UID"),
    col("scan_uid", Id, "Scan it belongs to"),
    col("sha256", sa.Text, "sha256 of the original file in the archive"),
    col("content_sha256", sa.Text, "sha256 of the content, the same in every transfer syntax"),
    col("modality", sa.Text, "DICOM modality"),
    col("kind", sa.Text, "image, seg, sr, kos, rtstruct or reg"),
    col("acquired_at", Time, "When the image was acquired; of derived objects, the study's date"),
    col("referenced", ARRAY(sa.Text), "Pseudonyms of the instances it refers to"),
    col("expected_instances", sa.Integer, "Instances the sender announced for the study", null=True),
    col("accepted_at", Time, "When the gateway answered success"),
    *hashes(),
    col("series_uid", Id, "Pseudonym of its series", null=True, info=ADDED),
    col("series_description", sa.Text, "Its series' name, where it is one of REQUIRED_SERIES", null=True, info=ADDED),
    col("expected_series", sa.Integer, "Series the sender announced for the study", null=True, info=ADDED),
    col("expected_in_series", sa.Integer, "Instances the sender announced for the series", null=True, info=ADDED),
    col("withdraws", ARRAY(sa.Text), "Pseudonyms of the instances that it takes back", null=True, info=ADDED),
    col("withdraws_because", sa.Text, "quality, safety, wrong_patient or replaced", null=True, info=ADDED),
    col("utc_offset_minutes", sa.Integer, "Of the zone that acquired_at was stated in", null=True, info=ADDED),
    sa.Index("instances_scan_uid_ix", "scan_uid"),
    # both without a list of pending entries, which every look into the index would read as a whole
    sa.Index(
        "instances_referenced_ix",
        "referenced",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind <> 'image'"),
    ),
    sa.Index(
        "instances_withdraws_ix",
        "withdraws",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("withdraws IS NOT NULL"),
    ),
    comment="Every accepted DICOM instance, by pseudonym",
)

scans = sa.Table(
    "scans",
    metadata,
    key("scan_uid", Id, "Pseudonym of the study"),
    col("received_as", Id, "Pseudonym of the patient it was received for; never changes"),
    *hashes(),
    sa.Index("scans_received_as_ix", "received_as"),
    comment="Every scan and the patient it was received for",
)

named_patients = sa.Table(
    "named_patients",
    metadata,
    key("scan_uid", Id, "Pseudonym of the study"),
    key("patient_id", Id, "Pseudonym of a patient that a file of it names"),
    key("issuer_source", sa.Integer, "Who says the issuer: 2 the file, 1 the setting for its sender, 0 the default"),
    *hashes(),
    comment="Whom the files of a scan name: the patient with the best source is its own, whatever came first",
)

revisions = sa.Table(
    "revisions",
    metadata,
    *scan_revision(),
    col("acquired_at", Time, "Where the scan stands on its timeline"),
    col("instances_sha256", sa.Text, "Hash over the contents of its instances"),
    col("completeness", sa.Text, "Why the scan was taken as complete"),
    col("accepted_at", Time, "When the revision was made"),
    col("final_at", Time, "When it became final; null: provisional", null=True, info=LATER),
    *hashes(later=True),
    col("utc_offset_minutes", sa.Integer, "Of the zone that acquired_at was stated in", null=True, info=ADDED),
    col("dated_apart", ARRAY(sa.Text), "Images that are not of the day of the others", null=True, info=ADDED),
    comment="Every revision of every scan",
)

revision_instances = sa.Table(
    "revision_instances",
    metadata,
    *scan_revision(),
    key("instance_uid", Id, "An instance of this revision"),
    *hashes(),
    comment="Which instances a revision was made of",
)

features = sa.Table(
    "features",
    metadata,
    *scan_revision(),
    key("feature_version", sa.Text, "Rule the features were made by"),
    col("disease", sa.Text, "Disease that the scan itself tells; clinical facts go before it"),
    col("x", ARRAY(DOUBLE_PRECISION), "Feature values; null where missing"),
    col("sha256", sa.Text, "Hash of disease and values: the content of the scan on its timeline"),
    col("note", sa.Text, "What a person should know about the measuring", null=True),
    *hashes(),
    comment="What the models see of a scan",
)

measurements = sa.Table(
    "measurements",
    metadata,
    *scan_revision(),
    key("feature_version", sa.Text, "Rule the scan was measured by"),
    key("number", sa.Integer, "Counts the measurements of a scan"),
    col("lesion_uid", Id, "Pseudonym of the lesion; null for whole-patient values", null=True),
    col("lesion_label", sa.Text, "The report's name for the lesion", null=True),
    col("body_site", sa.Text, "Where the lesion is", null=True),
    col("measurement", sa.Text, "What was measured"),
    col("value", DOUBLE_PRECISION, "Value in the unit beside it"),
    col("unit", sa.Text, "mm, ml, % or 1"),
    col("source", sa.Text, "SR, SEG, model or import"),
    *hashes(),
    comment="Measured values of a scan revision",
)

unused = sa.Table(
    "unused",
    metadata,
    *scan_revision(),
    key("number", sa.Integer, "Counts what is not used of a scan"),
    col("object_kind", sa.Text, "Kind of the object that holds it"),
    col("code", sa.Text, "Code of it, SCHEME:VALUE; empty where there is none"),
    col("meaning", sa.Text, "What the code means, in words that name nobody"),
    col("reason", sa.Text, "Why it is not used"),
    *hashes(),
    comment="What was received in a scan revision and is not used",
)

findings = sa.Table(
    "findings",
    metadata,
    *scan_revision(),
    col("lesions", JSON, "What is said of each lesion: a list, fields as in models.criteria.finding"),
    col("stated_sum_mm", DOUBLE_PRECISION, "Sum of diameters, mm, that was stated without lesions", null=True),
    col("time_point", sa.Text, "Clinical Trial Time Point ID (0012,0050) that the files agree on", null=True),
    *hashes(),
    col("registrations", JSON, "Frames of reference as [source, target, matrix]", null=True, info=ADDED),
    comment="What a scan revision says of lesions, measured or not: what criteria judge by",
)

key_slices = sa.Table(
    "key_slices",
    metadata,
    *scan_revision(),
    key("lesion_uid", Id, "Pseudonym of the lesion, as of its measurements"),
    col("png", BYTEA, "The slice around the lesion with its outline, 8-bit grey, nothing of the header"),
    col("width", sa.Integer, "Pixels across"),
    col("height", sa.Integer, "Pixels down"),
    col("mm_per_pixel", DOUBLE_PRECISION, "Size of a pixel, mm"),
    col("view", sa.Text, "axial, coronal or sagittal"),
    col("slice_number", sa.Integer, "Counts from 1 from the feet, the front or the right"),
    col("slices", sa.Integer, "Slices of the series it was drawn on"),
    col("area_mm2", DOUBLE_PRECISION, "What is outlined in this slice, mm2"),
    col("instance_uid", Id, "Pseudonym of the image"),
    *hashes(),
    sa.CheckConstraint("view IN ('axial', 'coronal', 'sagittal')", name="view"),
    comment="The slice that shows most of a lesion, as a small picture: of the largest lesions of a scan revision",
)

lesion_maps = sa.Table(
    "lesion_maps",
    metadata,
    *scan_revision(),
    key("lesion_uid", Id, "Pseudonym of the lesion, as of its measurements"),
    col("outline", BYTEA, "A bit for each of 40 x 40 x 40 voxels of 2 mm around its middle, slices from the feet"),
    *hashes(),
    comment="How the lesions of a scan revision were outlined: what growth maps are forecast from",
)

rejections = sa.Table(
    "rejections",
    metadata,
    *scan_revision(),
    key("number", sa.Integer, "Counts what was said of this revision; the highest stands"),
    col("kind", sa.Text, "rejected, or retracted by the sender's own correction"),
    col("because", sa.Text, "quality, safety, wrong_patient, replaced or other"),
    col("withdrawn", sa.Boolean, "True: the revision counts again"),
    col("by", sa.Text, "Who rejected or withdrew it"),
    col("at", Time, "When"),
    *hashes(),
    sa.CheckConstraint("kind IN ('rejected', 'retracted')", name="kind"),
    comment="Rejected revisions: this one and all lower ones do not count",
)

treatments = sa.Table(
    "treatments",
    metadata,
    key("treatment_id", Id, "Hash of patient, start, name and kind"),
    key("revision", sa.Integer, "+1 when the end changes or it is withdrawn"),
    col("received_as", Id, "Pseudonym of the patient it was received for"),
    col("name", sa.Text, "Name of the treatment"),
    col("kind", sa.Text, "drug, radiation, surgery, ..."),
    col("start_at", Time, "Start"),
    col("end_at", Time, "End, if known", null=True),
    col("at", Time, "Where it stands on the timeline: at the end of its day when dated by day"),
    col("withdrawn", sa.Boolean, "True: entered by mistake"),
    col("accepted_at", Time, "When it was accepted"),
    *hashes(),
    col("line", sa.Integer, "Line of therapy that it is said to belong to", null=True, info=ADDED),
    sa.Index("treatments_received_as_ix", "received_as"),
    comment="Treatments: input of the steps after them, no step of their own",
)

lesion_links = sa.Table(
    "lesion_links",
    metadata,
    key("link_id", Id, "Hash of patient and lesions"),
    key("revision", sa.Integer, "The highest stands"),
    col("received_as", Id, "Pseudonym of the patient as received"),
    col("relation", sa.Text, "same, different, anew, fragment, merged, target or non_target"),
    col("lesion_uid", Id, "Lesion that it is about, as a scan names it"),
    col("other_uid", Id, "The other lesion, where two are told of", null=True),
    col("day", sa.Date, "From which day on it holds; null: ever", null=True),
    col("withdrawn", sa.Boolean, "True: it was taken back"),
    col("accepted_at", Time, "When it was accepted"),
    *hashes(),
    sa.Index("lesion_links_received_as_ix", "received_as"),
    comment="What people said of lesions: which are one, which are not, what counts as what",
)

clinical = sa.Table(
    "clinical",
    metadata,
    key("received_as", Id, "Pseudonym of the patient as received"),
    key("revision", sa.Integer, "The highest stands"),
    col("facts", JSON, "Facts known at baseline, such as age or receptor status"),
    col("accepted_at", Time, "When they were accepted"),
    *hashes(),
    comment="Clinical facts of a patient",
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    key("outcome_id", Id, "Hash of patient and endpoint"),
    key("revision", sa.Integer, "The highest stands"),
    col("received_as", Id, "Pseudonym of the patient as received"),
    col("endpoint", sa.Text, "Endpoint observed"),
    col("at", Time, "When it was observed", null=True),
    col("event", sa.Boolean, "True: it happened"),
    col("withdrawn", sa.Boolean, "True: entered by mistake"),
    col("accepted_at", Time, "When it was accepted"),
    *hashes(),
    sa.Index("outcomes_received_as_ix", "received_as"),
    comment="What really happened: for calibration only, never input of a forecast",
)
