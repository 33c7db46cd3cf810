"""What the page of a cohort asks: views of the schema `scanstream` only, as the role `dashboard`."""

ENROLLED = "SELECT DISTINCT trial, arm, disease FROM scanstream.enrolment ORDER BY trial, arm, disease"
JUDGED = "SELECT DISTINCT line, criterion FROM scanstream.response WHERE superseded_at IS NULL ORDER BY 1, 2"
LINES = """
SELECT * FROM scanstream.line_outcome
WHERE (%(line)s::int IS NULL OR line = %(line)s) AND criterion = %(criterion)s
  AND (%(trial)s::text IS NULL OR trial = %(trial)s)
  AND (%(arm)s::text IS NULL OR arm = %(arm)s) AND (%(disease)s::text IS NULL OR disease = %(disease)s)
ORDER BY patient_id, line"""
"""What became of one line of each patient, or of all; a filter that is null lets everybody through."""
VISITS = """
SELECT patient_id, on_day, day, category, percent_from_baseline, percent_from_nadir, new_lesions, counts
FROM scanstream.line_visit
WHERE line = %(line)s AND criterion = %(criterion)s
  AND ((%(trial)s::text IS NULL AND %(arm)s::text IS NULL AND %(disease)s::text IS NULL) OR patient_id IN (
    SELECT patient_id FROM scanstream.enrolment
    WHERE (%(trial)s::text IS NULL OR trial = %(trial)s) AND (%(arm)s::text IS NULL OR arm = %(arm)s)
      AND (%(disease)s::text IS NULL OR disease = %(disease)s)))
ORDER BY patient_id, acquired_at, scan_uid"""
"""The verdicts in a line; of whom, as of LINES."""
GIVEN = """
SELECT patient_id, name, kind, start_at, end_at FROM scanstream.treatments
WHERE patient_id = ANY(%(patients)s) ORDER BY patient_id, start_at, name"""
