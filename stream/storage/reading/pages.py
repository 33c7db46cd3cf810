"""What the pages of the dashboard ask: views of the schema `scanstream` only, as the role `dashboard`.

A text each, read into tables of pandas; `%(limit)s` is the value that some of them take. Of one patient: patient_page.
"""

NOW = "SELECT now() AS now"
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
SERVICE = "SELECT *, now() AS now FROM scanstream.service_status"
REVISIONS = "SELECT status, count(*) AS revisions FROM scanstream.scan_status GROUP BY status"
UNUSED_COUNTS = """
SELECT object_kind, code, meaning, reason, count(DISTINCT scan_uid) AS scans FROM scanstream.unused
GROUP BY 1, 2, 3, 4 ORDER BY scans DESC, 1, 2, 3, 4 LIMIT %(limit)s"""
IN_SERVICE = """
SELECT model, weights_version, active_since, leads FROM scanstream.model_card
ORDER BY jsonb_array_length(leads) = 0, model, active_since"""
CARD = "SELECT card FROM scanstream.model_card WHERE weights_version = %(weights)s"
