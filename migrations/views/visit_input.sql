CREATE OR REPLACE VIEW scanstream.visit_input AS
  SELECT v.patient_id, v.scan_uid, v.at AS acquired_at,
    date_trunc('month', v.at AT TIME ZONE
      (SELECT coalesce((SELECT value FROM core.service WHERE name = 'time_zone'), 'UTC')))::date AS month,
    v.line, row_number() OVER so_far AS visit,
    extract(epoch FROM v.at - first_value(v.at) OVER so_far)::double precision / 86400 AS day,
    extract(epoch FROM v.at - lag(v.at) OVER so_far)::double precision / 86400 AS days_since_last,
    coalesce(e.disease, 'unknown') AS disease, e.trial, e.arm,
    x.sum_of_diameters, x.longest_diameter, x.short_axis, x.volume, x.sphericity,
    x.background_parenchymal_enhancement
  FROM core.visits v
  LEFT JOIN scanstream.enrolment e ON e.patient_id = v.patient_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = v.scan_uid AND p.ended_by IS NULL
  LEFT JOIN core.features f
    ON f.scan_uid = p.id AND f.revision = p.revision AND f.feature_version = 'measurements-1'
  CROSS JOIN LATERAL (
    SELECT a.x[1], a.x[2], a.x[3], a.x[4], a.x[5], a.x[6]
    FROM (SELECT CASE WHEN v.x IS NULL THEN f.x
      ELSE ARRAY(SELECT j.value::float8 FROM jsonb_array_elements_text(v.x::jsonb) WITH ORDINALITY j(value, n)
        ORDER BY j.n) END AS x
      OFFSET 0) a  -- unfolded once, not for each of the six
  ) x(sum_of_diameters, longest_diameter, short_axis, volume, sphericity, background_parenchymal_enhancement)
  WHERE v.superseded_by IS NULL
  WINDOW so_far AS (PARTITION BY v.patient_id, v.line ORDER BY v.at, v.scan_uid);

COMMENT ON VIEW scanstream.visit_input IS
  'What models see of each standing visit: sizes, gaps and where it lies in its line; one row for each visit';
COMMENT ON COLUMN scanstream.visit_input.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.visit_input.scan_uid IS 'Pseudonym of the visit''s last scan (study)';
COMMENT ON COLUMN scanstream.visit_input.acquired_at IS 'When the visit''s first scan was acquired';
COMMENT ON COLUMN scanstream.visit_input.month IS 'First day of the month of the visit, in the TIME_ZONE of the service';
COMMENT ON COLUMN scanstream.visit_input.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.visit_input.visit IS 'Number of the visit in its line, counts from 1';
COMMENT ON COLUMN scanstream.visit_input.day IS 'Days since the first visit of the line';
COMMENT ON COLUMN scanstream.visit_input.days_since_last IS 'Days since the visit before in the line; null of the first';
COMMENT ON COLUMN scanstream.visit_input.disease IS 'Disease of the patient, unknown where nothing tells it';
COMMENT ON COLUMN scanstream.visit_input.trial IS 'Trial that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.visit_input.arm IS 'Arm that the clinical facts name; null where they name none';
COMMENT ON COLUMN scanstream.visit_input.sum_of_diameters IS 'Sum of diameters, mm; null: not measured, as in all that follow';
COMMENT ON COLUMN scanstream.visit_input.longest_diameter IS 'Longest diameter, mm';
COMMENT ON COLUMN scanstream.visit_input.short_axis IS 'Short axis, mm';
COMMENT ON COLUMN scanstream.visit_input.volume IS 'Volume of all lesions, ml';
COMMENT ON COLUMN scanstream.visit_input.sphericity IS 'Sphericity, 0 to 1';
COMMENT ON COLUMN scanstream.visit_input.background_parenchymal_enhancement IS 'Background parenchymal enhancement, %';
