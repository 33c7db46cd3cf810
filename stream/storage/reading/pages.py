"""What the pages of the dashboard ask: views of the schema `scanstream` only, as the role `dashboard`.

A text each, read into tables of pandas; `%(patient)s` and `%(limit)s` are the values that some of them take.
"""

NOW = "SELECT now() AS now"
CURRENT_OF_PATIENT = """
SELECT c.*, p.risk AS previous_risk, p.acquired_at AS previous_at, p.weights_version AS previous_weights
FROM scanstream.current_risk c LEFT JOIN LATERAL (
  SELECT h.risk, h.acquired_at, h.weights_version FROM scanstream.risk_history h
  WHERE h.patient_id = c.patient_id AND h.endpoint = c.endpoint AND h.horizon_kind = c.horizon_kind
    AND h.horizon_days IS NOT DISTINCT FROM c.horizon_days AND h.superseded_at IS NULL AND h.role = 'lead'
    AND (h.acquired_at, h.scan_uid) < (c.acquired_at, c.scan_uid)
  ORDER BY h.acquired_at DESC, h.scan_uid DESC LIMIT 1) p ON true
WHERE c.patient_id = %(patient)s"""
"""A row per current forecast, beside it the one of the scan before."""
_WANTED = """
WHERE (%(search)s = '' OR strpos(patient_id, %(search)s) > 0)
  AND (%(disease)s::text IS NULL OR disease = %(disease)s) AND (%(trial)s::text IS NULL OR trial = %(trial)s)
  AND (%(arm)s::text IS NULL OR arm = %(arm)s) AND (%(endpoint)s::text IS NULL OR endpoint = %(endpoint)s)
  AND (%(response)s::text IS NULL OR response = %(response)s)"""
WORKLIST = (
    "SELECT * FROM scanstream.worklist"
    + _WANTED
    + """ AND (%(need)s::text IS NULL OR need = %(need)s)
ORDER BY {order}, urgency DESC, patient_id LIMIT %(limit)s OFFSET %(offset)s"""
)
NEEDS = "SELECT need, count(*) AS patients FROM scanstream.worklist" + _WANTED + " GROUP BY need"
CHOICES = """
SELECT disease, trial, arm, endpoint, response, count(*) AS patients FROM scanstream.worklist
GROUP BY GROUPING SETS ((disease), (trial), (arm), (endpoint), (response))"""
"""A row per word that a filter may ask for, in its column; all other columns are null."""
ACKNOWLEDGE = "SELECT scanstream.acknowledge(%(patient)s, %(who)s, %(note)s)"
CLOSED = """
SELECT patient_id, endpoint AS question, status AS question_status, since, line FROM (
  SELECT DISTINCT ON (patient_id, endpoint) * FROM scanstream.endpoint_status
  WHERE superseded_at IS NULL ORDER BY patient_id, endpoint, line DESC) q
WHERE status NOT IN ('open', 'disease_unknown')"""
"""Questions of each patient's latest line that are not open and have no forecast; an unknown disease is told apart."""
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
SCANS = """
SELECT * FROM scanstream.scan_status
WHERE patient_id = %(patient)s AND scan_uid = ANY (ARRAY(SELECT scanstream.scans_of(%(patient)s)))
ORDER BY accepted_at DESC, revision DESC"""
OF_UNKNOWN_DISEASE = """
SELECT scan_uid FROM scanstream.timepoint WHERE patient_id = %(patient)s AND disease = 'unknown'"""
SERVICE = "SELECT *, now() AS now FROM scanstream.service_status"
REVISIONS = "SELECT status, count(*) AS revisions FROM scanstream.scan_status GROUP BY status"
UNUSED = """
SELECT u.*, s.acquired_local
FROM scanstream.unused u JOIN scanstream.scan_status s USING (scan_uid, revision, patient_id)
WHERE patient_id = %(patient)s AND s.status = 'applied'
  AND u.scan_uid = ANY (ARRAY(SELECT scanstream.scans_of(%(patient)s)))
ORDER BY s.acquired_at DESC, object_kind, code"""
UNUSED_COUNTS = """
SELECT object_kind, code, meaning, reason, count(DISTINCT scan_uid) AS scans FROM scanstream.unused
GROUP BY 1, 2, 3, 4 ORDER BY scans DESC, 1, 2, 3, 4 LIMIT %(limit)s"""
MODEL_CARDS = "SELECT * FROM scanstream.model_card ORDER BY jsonb_array_length(leads) = 0, model, active_since"
