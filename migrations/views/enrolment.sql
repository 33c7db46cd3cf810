CREATE OR REPLACE VIEW scanstream.enrolment AS
  SELECT v.patient_id, c.trial, c.arm, coalesce(lower(c.disease), v.disease, 'unknown') AS disease
  FROM (
    SELECT patient_id, (array_agg(disease ORDER BY at DESC) FILTER (WHERE disease <> 'unknown'))[1] AS disease
    FROM core.visits WHERE superseded_by IS NULL GROUP BY 1) v
  LEFT JOIN (
    -- of merged records, what was received for the patient itself counts before the others
    SELECT k.patient_id,
      (array_agg(k.trial ORDER BY k.absorbed, k.received_as DESC) FILTER (WHERE k.trial <> ''))[1] AS trial,
      (array_agg(k.arm ORDER BY k.absorbed, k.received_as DESC) FILTER (WHERE k.arm <> ''))[1] AS arm,
      (array_agg(k.disease ORDER BY k.absorbed, k.received_as DESC) FILTER (WHERE k.disease <> ''))[1] AS disease
    FROM (
      SELECT CASE WHEN a.patient_id IS NULL THEN f.received_as ELSE core.root(f.received_as) END AS patient_id,
        f.received_as, a.patient_id IS NOT NULL AS absorbed,
        f.facts ->> 'trial' AS trial, f.facts ->> 'arm' AS arm, f.facts ->> 'disease' AS disease
      FROM core.clinical f
      LEFT JOIN core.aliases a ON a.patient_id = f.received_as
      WHERE NOT EXISTS (
        SELECT FROM core.clinical n WHERE n.received_as = f.received_as AND n.revision > f.revision)) k
    GROUP BY 1) c ON c.patient_id = v.patient_id;

COMMENT ON VIEW scanstream.enrolment IS 'In which trial and arm each patient with visits is, and with which disease';
COMMENT ON COLUMN scanstream.enrolment.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.enrolment.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.enrolment.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.enrolment.disease IS
  'Disease that the clinical facts say, else the last scan that tells one; unknown where none does';
