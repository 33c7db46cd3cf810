"""What the page of a patient asks: a text for each of its tables, as things stand now or as they stood at a moment.

`%(patient)s` and, of a moment, `%(at)s` are the values that they take.
"""

from stream.storage.reading.views import EXPLAINED

_ORDER = "ORDER BY acquired_at, scan_uid"
_OWN = "= ANY (ARRAY(SELECT scanstream.scans_of(%(patient)s)))"
"""Of views of all scans: so that they are asked by an index."""
_LATEST = """
SELECT * FROM (SELECT *, rank() OVER (PARTITION BY {of} ORDER BY acquired_at DESC, scan_uid DESC) AS place
  FROM {of_view} WHERE patient_id = %(patient)s AND role = 'lead') f
WHERE place = 1 ORDER BY {of}"""
"""Of each `of` the rows of the patient's latest scan that has such a forecast."""
_TEXTS = {
    "verdicts": f"SELECT * FROM {{response}} r WHERE patient_id = %(patient)s {_ORDER}, line, criterion",
    "questions": "SELECT * FROM {endpoint_status} q WHERE patient_id = %(patient)s ORDER BY line, endpoint",
    "visits": f"SELECT *, visit_id AS scan_uid FROM {{visit}} v WHERE patient_id = %(patient)s {_ORDER}",
    "lesions": f"SELECT * FROM {{lesion}} l WHERE patient_id = %(patient)s {_ORDER}, lesion_label, lesion_id",
    "values": f"SELECT * FROM {{trajectory}} t WHERE patient_id = %(patient)s {_ORDER}",
    "history": f"SELECT * FROM {{risk_history}} h WHERE patient_id = %(patient)s {_ORDER}",
    "current": """SELECT c.*, p.risk AS previous_risk, p.acquired_at AS previous_at,
          a.risk AS ahead, a.risk_low AS ahead_low, a.risk_high AS ahead_high
        FROM {current_risk} c LEFT JOIN {risk_ahead} a
          -- a function's rows have no collation of their own: without this one no index is asked
          ON a.patient_id = %(patient)s COLLATE "C" AND a.endpoint = c.endpoint AND a.horizon_days = c.horizon_days
          AND a.scan_uid = c.scan_uid AND a.weights_version = c.weights_version
        LEFT JOIN LATERAL (
          SELECT h.risk, h.acquired_at FROM {risk_history} h
          WHERE h.patient_id = c.patient_id AND h.endpoint = c.endpoint AND h.horizon_kind = c.horizon_kind
            AND h.horizon_days IS NOT DISTINCT FROM c.horizon_days AND h.superseded_at IS NULL AND h.role = 'lead'
            AND (h.acquired_at, h.scan_uid) < (c.acquired_at, c.scan_uid)
          ORDER BY h.acquired_at DESC, h.scan_uid DESC LIMIT 1) p ON true
        WHERE c.patient_id = %(patient)s ORDER BY c.endpoint, c.horizon_days""",
    "sizes": _LATEST.format(of_view="{size_forecast}", of="measurement, lesion_uid") + ", horizon_days, level",
    "responses": _LATEST.format(of_view="{response_probability}", of="criterion"),
    "treatments": "SELECT * FROM {treatments} t WHERE patient_id = %(patient)s ORDER BY start_at, name",
    "scans": f"""SELECT * FROM {{scan_status}} s WHERE patient_id = %(patient)s AND scan_uid {_OWN}
        ORDER BY accepted_at DESC, revision DESC""",
    "unused": f"""SELECT u.*, s.acquired_local
        FROM scanstream.unused u JOIN {{scan_status}} s USING (scan_uid, revision, patient_id)
        WHERE patient_id = %(patient)s AND scan_uid {_OWN} AND s.status = 'applied'
        ORDER BY s.acquired_at DESC, object_kind, code""",
    "waiting": """SELECT item_id, scan_uid, reason_code, reason, files, kind, why_not, sender, set_aside_at
        FROM {set_aside} w WHERE patient_id = %(patient)s AND item_id = cause ORDER BY set_aside_at DESC, item_id""",
    "key_slices": f"""SELECT scan_uid, revision, acquired_at, lesion_uid, lesion_label, volume_ml, longest_diameter_mm,
          view, slice_number, slices, area_mm2, width, height, mm_per_pixel
        FROM scanstream.key_slice WHERE patient_id = %(patient)s AND scan_uid {_OWN}
        ORDER BY acquired_at DESC, scan_uid, volume_ml DESC, lesion_uid""",
    "presence": """SELECT patient_id, endpoint, horizon_kind, horizon_days, risk, risk_low, risk_high, model,
          weights_version, scan_uid, revision, acquired_at, computed_at, provisional, series_uid, slices, slice_number,
          instance_uid, learned_from
        FROM {tumour_presence} p WHERE patient_id = %(patient)s ORDER BY acquired_at DESC, scan_uid""",
    "growth": """SELECT patient_id, lesion_uid, horizon_days, volume_now, volume, volume_low, volume_high, drawn_from,
          scan_uid, revision, acquired_at, model, weights_version, computed_at, superseded_at
        FROM {growth_map} g WHERE patient_id = %(patient)s
        ORDER BY acquired_at DESC, scan_uid, weights_version, volume_now DESC, lesion_uid, horizon_days""",
    "encoded": """SELECT patient_id, scan_uid, revision, acquired_at, modality, encoder, weights_version, slices,
          masked_because
        FROM {scan_embedding} e WHERE patient_id = %(patient)s ORDER BY acquired_at DESC, scan_uid, modality""",
    "explained": EXPLAINED,
    "facts": f"SELECT disease, clinical FROM scanstream.timepoint WHERE patient_id = %(patient)s {_ORDER}",
    "cards": "SELECT weights_version FROM scanstream.model_card",
}
_STANDING = ("response", "endpoint_status", "visit", "lesion", "size_forecast", "response_probability", "growth_map")
_NOW = {
    **{view: f"(SELECT * FROM scanstream.{view} WHERE superseded_at IS NULL)" for view in _STANDING},
    **{
        view: f"scanstream.{view}"
        for view in (
            *("trajectory", "risk_history", "current_risk", "treatments", "scan_status", "tumour_presence"),
            "scan_embedding",
        )
    },
    "risk_ahead": "scanstream.risk_ahead()",
    "set_aside": "(SELECT * FROM scanstream.set_aside WHERE decision IS NULL)",
}
_SAID = "SELECT * FROM scanstream.{view} WHERE computed_at <= %(at)s AND %(at)s < coalesce(superseded_at, 'infinity')"
_THEN = {
    **{
        view: f"scanstream.{view}_as_of(%(at)s)"
        for view in ("response", "endpoint_status", "visit", "lesion", "trajectory", "tumour_presence")
    },
    **{view: f"({_SAID.format(view=view)})" for view in ("size_forecast", "response_probability", "growth_map")},
    "current_risk": "scanstream.risk_as_of(%(at)s)",
    "risk_ahead": "(SELECT * FROM scanstream.risk_ahead() LIMIT 0)",
    "risk_history": """(SELECT h.patient_id, endpoint, horizon_kind, horizon_days, risk, risk_low, risk_high, model,
        weights_version, scan_uid, revision, acquired_at, computed_at, provisional, role,
        CASE WHEN superseded_at <= %(at)s THEN superseded_at END AS superseded_at,
        CASE WHEN superseded_at <= %(at)s THEN superseded_because END AS superseded_because
      FROM scanstream.risk_history h WHERE computed_at <= %(at)s)""",
    "set_aside": """(SELECT * FROM scanstream.set_aside
      WHERE set_aside_at <= %(at)s AND %(at)s < coalesce(decided_at, 'infinity'))""",
    "treatments": "(SELECT * FROM scanstream.treatments WHERE start_at <= %(at)s)",
    "scan_status": "(SELECT * FROM scanstream.scan_status WHERE accepted_at <= %(at)s)",
    "scan_embedding": """(SELECT * FROM scanstream.scan_embedding WHERE patient_id = %(patient)s AND scan_uid IN (
        SELECT scan_uid FROM scanstream.scan_status WHERE patient_id = %(patient)s AND accepted_at <= %(at)s))""",
}
"""Of a moment; treatments, how far a scan has come and what an encoder saw of it are kept as they are now. What was
left of a risk is not told."""


def texts(of_a_moment: bool) -> dict[str, str]:
    """The query of each table, by its name."""
    return {name: text.format_map(_THEN if of_a_moment else _NOW) for name, text in _TEXTS.items()}


KEY_SLICES = """SELECT k.scan_uid, k.revision, k.lesion_uid, k.png, o.model || ' ' || o.version AS outlined_by
FROM scanstream.key_slice k LEFT JOIN scanstream.outlining o USING (scan_uid, revision)
WHERE k.patient_id = %(patient)s AND k.scan_uid = ANY (%(scans)s)"""
"""The pictures themselves, of some scans: a page shows a few of them. `outlined_by`: a model; null: by others."""

GROWTH_PICTURES = """SELECT scan_uid, revision, lesion_uid, horizon_days, weights_version, computed_at, outline, chance
FROM scanstream.growth_map WHERE patient_id = %(patient)s AND scan_uid = %(scan)s"""
"""The maps themselves, of one scan."""

SLICE_MAPS = """SELECT scan_uid, revision, picture, occlusion, gradient, gates
FROM scanstream.tumour_presence WHERE patient_id = %(patient)s AND scan_uid = ANY (%(scans)s)"""
"""The slice that speaks most in each of some scans, maps of it, and gates along the slices."""

DIED = """SELECT max(baseline_at + make_interval(days => death_day)) AS died_at
FROM scanstream.line_outcome WHERE patient_id = %(patient)s AND last_line"""
"""A moment of the day of death; null: nobody has entered one."""

MERGED = "SELECT current_patient_id, merged_at FROM scanstream.merged_patient WHERE patient_id = %(patient)s"
"""Whose timeline holds the scans of a patient who was found to be another one; no row: nobody said so."""
