CREATE OR REPLACE VIEW scanstream.trajectory AS
  SELECT p.patient_id, p.at AS acquired_at,
    p.day - p.first_day AS day,
    p.id AS scan_uid, p.revision, m.lesion_uid, m.lesion_label, m.body_site, m.measurement,
    CASE WHEN m.measurement = 'sum_of_diameters' AND j.judged THEN j.sum_mm ELSE m.value END AS value, m.unit, m.source
  FROM (SELECT *, min(day) OVER (PARTITION BY patient_id) AS first_day
        FROM (SELECT p.patient_id, p.at, p.id, p.revision, core.scan_clock(p.at, r.utc_offset_minutes)::date AS day
              FROM core.placements p JOIN core.revisions r ON r.scan_uid = p.id AND r.revision = p.revision
              WHERE p.kind = 'scan' AND p.ended_by IS NULL) s) p
  JOIN core.measurements m ON m.scan_uid = p.id AND m.revision = p.revision
  -- what is judged is the sum of the lesions that are followed, never a part of it
  LEFT JOIN LATERAL (
    SELECT true AS judged, v.scan_uid = p.id AS last, r.sum_of_diameters AS sum_mm
    FROM core.visits v
    LEFT JOIN core.responses r ON r.patient_id = v.patient_id AND r.criterion = 'RECIST 1.1' AND r.line = v.line
      AND r.scan_uid = v.scan_uid AND r.superseded_by IS NULL
    WHERE v.patient_id = p.patient_id AND p.id = ANY (v.scans) AND v.superseded_by IS NULL
      AND (r.baseline_sum IS NOT NULL OR v.scan_uid <> p.id)) j ON m.measurement = 'sum_of_diameters'
  WHERE m.measurement <> 'sum_of_diameters' OR j.judged IS NULL OR (j.last AND j.sum_mm IS NOT NULL);

COMMENT ON VIEW scanstream.trajectory IS 'Measured values of the standing scans over time';
COMMENT ON COLUMN scanstream.trajectory.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.trajectory.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.trajectory.day IS 'Whole calendar days since the first standing scan, each in its own zone';
COMMENT ON COLUMN scanstream.trajectory.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.trajectory.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.trajectory.lesion_uid IS 'Pseudonym of the lesion; null: whole patient';
COMMENT ON COLUMN scanstream.trajectory.lesion_label IS 'The report''s name for the lesion';
COMMENT ON COLUMN scanstream.trajectory.body_site IS 'Where the lesion is';
COMMENT ON COLUMN scanstream.trajectory.measurement IS 'What was measured';
COMMENT ON COLUMN scanstream.trajectory.value IS 'Value in the unit beside it';
COMMENT ON COLUMN scanstream.trajectory.unit IS 'mm, ml, % or 1';
COMMENT ON COLUMN scanstream.trajectory.source IS 'SR, SEG, model or import';
