"""What the pages of the dashboard ask: views of the schema `scanstream` only, as the role `dashboard`.

A text each, read into tables of pandas; `%(patient)s` and `%(limit)s` are the values that some of them take.
"""

NOW = "SELECT now() AS now"
CURRENT = """
SELECT c.*, p.risk AS previous_risk, p.acquired_at AS previous_at, p.weights_version AS previous_weights
FROM scanstream.current_risk c LEFT JOIN LATERAL (
  SELECT h.risk, h.acquired_at, h.weights_version FROM scanstream.risk_history h
  WHERE h.patient_id = c.patient_id AND h.endpoint = c.endpoint AND h.horizon_kind = c.horizon_kind
    AND h.horizon_days IS NOT DISTINCT FROM c.horizon_days AND h.superseded_at IS NULL AND h.role = 'lead'
    AND (h.acquired_at, h.scan_uid) < (c.acquired_at, c.scan_uid)
  ORDER BY h.acquired_at DESC, h.scan_uid DESC LIMIT 1) p ON true"""
"""A row per current forecast, beside it the one of the scan before."""
CURRENT_OF_PATIENT = CURRENT + " WHERE c.patient_id = %(patient)s"
LAST_SCANS = """
SELECT patient_id, max(acquired_at) AS last_scan_at,
  (array_agg(acquired_local ORDER BY acquired_at DESC))[1] AS last_scan_local
FROM scanstream.scan_status WHERE status = 'applied' GROUP BY 1"""
WITHOUT_FORECAST = """
SELECT DISTINCT ON (s.patient_id) s.patient_id, s.status, s.reason_code, s.reason, s.accepted_at
FROM scanstream.scan_status s
WHERE NOT EXISTS (SELECT FROM scanstream.current_risk c WHERE c.patient_id = s.patient_id)
ORDER BY s.patient_id, s.accepted_at DESC"""
CLOSED = """
SELECT patient_id, endpoint AS question, status AS question_status, since, line FROM (
  SELECT DISTINCT ON (patient_id, endpoint) * FROM scanstream.endpoint_status
  WHERE superseded_at IS NULL ORDER BY patient_id, endpoint, line DESC) q
WHERE status NOT IN ('open', 'disease_unknown')"""
"""Questions of each patient's latest line that are not open and have no forecast; an unknown disease is told apart."""
CLOSED_OF_ALL = CLOSED + " ORDER BY patient_id, endpoint <> 'progression', endpoint"
CLOSED_OF_PATIENT = CLOSED + " AND patient_id = %(patient)s ORDER BY endpoint <> 'progression', endpoint"
HISTORY = "SELECT * FROM scanstream.risk_history WHERE patient_id = %(patient)s ORDER BY acquired_at, scan_uid"
TRAJECTORY = "SELECT * FROM scanstream.trajectory WHERE patient_id = %(patient)s ORDER BY acquired_at, scan_uid"
TREATMENTS = "SELECT * FROM scanstream.treatments WHERE patient_id = %(patient)s ORDER BY start_at, name"
LATEST = """
SELECT * FROM (SELECT *, rank() OVER (PARTITION BY {of} ORDER BY acquired_at DESC, scan_uid DESC) AS place
  FROM scanstream.{view} WHERE patient_id = %(patient)s AND superseded_at IS NULL AND role = 'lead') f
WHERE place = 1 ORDER BY {of}"""
"""Of each `of` the rows of the patient's latest scan that has such a forecast."""
SIZES = LATEST.format(view="size_forecast", of="measurement, lesion_uid") + ", horizon_days, level"
RESPONSES = LATEST.format(view="response_probability", of="criterion")
SCANS = "SELECT * FROM scanstream.scan_status WHERE patient_id = %(patient)s ORDER BY accepted_at DESC, revision DESC"
OF_UNKNOWN_DISEASE = """
SELECT scan_uid FROM scanstream.timepoint WHERE patient_id = %(patient)s AND disease = 'unknown'"""
SERVICE = "SELECT *, now() AS now FROM scanstream.service_status"
REVISIONS = "SELECT status, count(*) AS revisions FROM scanstream.scan_status GROUP BY status"
UNUSED = """
SELECT u.*, s.acquired_local
FROM scanstream.unused u JOIN scanstream.scan_status s USING (scan_uid, revision, patient_id)
WHERE patient_id = %(patient)s AND s.status = 'applied' ORDER BY s.acquired_at DESC, object_kind, code"""
UNUSED_COUNTS = """
SELECT object_kind, code, meaning, reason, count(DISTINCT scan_uid) AS scans FROM scanstream.unused
GROUP BY 1, 2, 3, 4 ORDER BY scans DESC, 1, 2, 3, 4 LIMIT %(limit)s"""
MODEL_CARDS = "SELECT * FROM scanstream.model_card ORDER BY jsonb_array_length(leads) = 0, model, active_since"
