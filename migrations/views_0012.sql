CREATE OR REPLACE FUNCTION core.usual_gap(at timestamptz, previous_at timestamptz) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN previous_at IS NULL THEN interval '49 days'
    ELSE least(greatest(at - previous_at, interval '14 days'), interval '130 days') END $$;

COMMENT ON FUNCTION core.usual_gap IS
  'After how long the next visit is usual: as after the one before, of a first visit seven weeks';

CREATE OR REPLACE VIEW scanstream.visit AS
  SELECT v.patient_id, v.scan_uid AS visit_id, v.line, v.at AS acquired_at, v.scans, v.time_point AS instances_of,
    (SELECT r.completeness FROM core.revisions r WHERE r.scan_uid = v.scan_uid ORDER BY r.revision DESC LIMIT 1)
      AS completeness,
    v.superseded_at, v.superseded_because, v.computed_at
  FROM core.visits v;

COMMENT ON VIEW scanstream.visit IS
  'The scans of each assessment: one timepoint, one step, one verdict';
COMMENT ON COLUMN scanstream.visit.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.visit.visit_id IS 'Pseudonym of its last scan: what rows of the visit stand under';
COMMENT ON COLUMN scanstream.visit.line IS
  'Line of therapy: that whose baseline it is, else the one in force before it';
COMMENT ON COLUMN scanstream.visit.acquired_at IS 'When its first scan was acquired';
COMMENT ON COLUMN scanstream.visit.scans IS 'Pseudonyms of its scans in their order';
COMMENT ON COLUMN scanstream.visit.instances_of IS
  'Clinical Trial Time Point ID that joins them; null where none is stated';
COMMENT ON COLUMN scanstream.visit.completeness IS 'Why its last scan was taken as complete';
COMMENT ON COLUMN scanstream.visit.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.visit.superseded_because IS 'Why it no longer stands';
COMMENT ON COLUMN scanstream.visit.computed_at IS 'When it was computed';

CREATE OR REPLACE VIEW scanstream.lesion AS
  SELECT v.patient_id, l.lesion_id, v.line, l.role, l.organ, coalesce(l.node, false) AS node,
    min(v.at) FILTER (WHERE l.state IN ('measured', 'too_small', 'present'))
      OVER (PARTITION BY v.patient_id, l.lesion_id, v.superseded_by IS NULL) AS first_seen_at,
    l.evidence, l.score, v.scan_uid, v.at AS acquired_at, l.lesion_uid, l.label AS lesion_label, l.state,
    l.long_axis_mm, l.short_axis_mm, l.volume_ml, v.superseded_at
  FROM core.visits v
  CROSS JOIN LATERAL jsonb_to_recordset(v.lesions::jsonb) AS l(
    lesion_id text, role text, organ text, node boolean, evidence text, score float8, lesion_uid text, label text,
    state text, long_axis_mm float8, short_axis_mm float8, volume_ml float8);

COMMENT ON VIEW scanstream.lesion IS
  'What each visit says of each lesion, and which lesion it is over time';
COMMENT ON COLUMN scanstream.lesion.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.lesion.lesion_id IS 'Name of the lesion over time';
COMMENT ON COLUMN scanstream.lesion.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.lesion.role IS 'target, non_target or new in this line; null: it counts as none';
COMMENT ON COLUMN scanstream.lesion.organ IS 'Where the lesion is';
COMMENT ON COLUMN scanstream.lesion.node IS 'Whether it is a lymph node';
COMMENT ON COLUMN scanstream.lesion.first_seen_at IS 'When it was first seen';
COMMENT ON COLUMN scanstream.lesion.evidence IS
  'What says that it is this lesion: tracking, reference, place or person';
COMMENT ON COLUMN scanstream.lesion.score IS 'How sure that is, 0 to 1';
COMMENT ON COLUMN scanstream.lesion.scan_uid IS 'Pseudonym of the visit''s last scan (study)';
COMMENT ON COLUMN scanstream.lesion.acquired_at IS 'When the visit''s first scan was acquired';
COMMENT ON COLUMN scanstream.lesion.lesion_uid IS 'Pseudonym by which the scan names it';
COMMENT ON COLUMN scanstream.lesion.lesion_label IS 'The report''s name for it';
COMMENT ON COLUMN scanstream.lesion.state IS 'measured, too_small, gone, present or not_evaluated';
COMMENT ON COLUMN scanstream.lesion.long_axis_mm IS 'Longest diameter, mm';
COMMENT ON COLUMN scanstream.lesion.short_axis_mm IS 'Short axis, mm';
COMMENT ON COLUMN scanstream.lesion.volume_ml IS 'Volume, ml';
COMMENT ON COLUMN scanstream.lesion.superseded_at IS 'When it stopped standing; null: it stands';

CREATE OR REPLACE VIEW scanstream.response AS
  SELECT r.patient_id, r.line, r.at AS acquired_at, r.revision, r.scan_uid, r.category, r.sum_of_diameters,
    r.baseline_sum, r.nadir_sum, r.target_category, r.non_target_category, r.new_lesions, r.percent_from_baseline,
    r.percent_from_nadir, r.nadir_at, r.best_overall, r.confirmed, r.trace, r.criterion, r.computed_at,
    r.superseded_at, r.superseded_because
  FROM core.responses r;

COMMENT ON VIEW scanstream.response IS
  'What a criterion says of each visit in each line, and why; a baseline has a sum and no category';
COMMENT ON COLUMN scanstream.response.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.response.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.response.acquired_at IS 'When the visit''s first scan was acquired';
COMMENT ON COLUMN scanstream.response.revision IS 'Revision of that scan, counts from 1';
COMMENT ON COLUMN scanstream.response.scan_uid IS 'Pseudonym of the visit''s last scan (study)';
COMMENT ON COLUMN scanstream.response.category IS 'CR, PR, SD, PD, NE or Non-CR/Non-PD; null at the baseline';
COMMENT ON COLUMN scanstream.response.sum_of_diameters IS 'Sum of the targets, mm; null unless all were evaluated';
COMMENT ON COLUMN scanstream.response.baseline_sum IS 'Sum at the baseline, mm';
COMMENT ON COLUMN scanstream.response.nadir_sum IS 'Smallest complete sum from the baseline to the visit before, mm';
COMMENT ON COLUMN scanstream.response.target_category IS 'Of the targets alone; null where there are none';
COMMENT ON COLUMN scanstream.response.non_target_category IS 'Of the other lesions alone; null where there are none';
COMMENT ON COLUMN scanstream.response.new_lesions IS 'New lesions that are there at this visit';
COMMENT ON COLUMN scanstream.response.percent_from_baseline IS 'Change of the sum from the baseline, %';
COMMENT ON COLUMN scanstream.response.percent_from_nadir IS 'Change of the sum from the nadir, %';
COMMENT ON COLUMN scanstream.response.nadir_at IS 'When the nadir was acquired';
COMMENT ON COLUMN scanstream.response.best_overall IS 'Best response of the line so far, no confirmation asked';
COMMENT ON COLUMN scanstream.response.confirmed IS 'Whether it confirms a response seen at least 28 days earlier';
COMMENT ON COLUMN scanstream.response.trace IS
  'The verdict as a sentence: rule, lesions, reference with its date, arithmetic';
COMMENT ON COLUMN scanstream.response.criterion IS 'Criterion, such as RECIST 1.1';
COMMENT ON COLUMN scanstream.response.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.response.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.response.superseded_because IS 'Why it no longer stands';

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.response_as_of(day timestamptz) RETURNS SETOF scanstream.response
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT r.patient_id, r.line, r.at, r.revision, r.scan_uid, r.category, r.sum_of_diameters, r.baseline_sum,
    r.nadir_sum, r.target_category, r.non_target_category, r.new_lesions, r.percent_from_baseline,
    r.percent_from_nadir, r.nadir_at, r.best_overall, r.confirmed, r.trace, r.criterion, r.computed_at,
    r.superseded_at, r.superseded_because
  FROM responses r
  WHERE r.computed_at <= day AND day < coalesce(r.superseded_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.response_as_of IS 'response as it stood at a moment';

CREATE OR REPLACE VIEW scanstream.endpoint_status AS
  SELECT q.patient_id, q.line, q.endpoint, q.status, q.since, q.because, q.scan_uid, q.baseline_at, q.nadir_at,
    q.superseded_at, q.superseded_because, q.computed_at
  FROM core.endpoint_statuses q;

COMMENT ON VIEW scanstream.endpoint_status IS
  'Whether each question is open: exactly one standing row per patient, line and endpoint that applies';
COMMENT ON COLUMN scanstream.endpoint_status.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.endpoint_status.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.endpoint_status.endpoint IS
  'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.endpoint_status.status IS
  'open, occurred, known, closed, no_baseline, not_measurable or disease_unknown';
COMMENT ON COLUMN scanstream.endpoint_status.since IS 'Since when';
COMMENT ON COLUMN scanstream.endpoint_status.because IS 'Why, as a sentence';
COMMENT ON COLUMN scanstream.endpoint_status.scan_uid IS 'Pseudonym of the last scan of the visit that decided it';
COMMENT ON COLUMN scanstream.endpoint_status.baseline_at IS 'When the baseline of the line was acquired';
COMMENT ON COLUMN scanstream.endpoint_status.nadir_at IS 'When the nadir of the line was acquired';
COMMENT ON COLUMN scanstream.endpoint_status.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.endpoint_status.superseded_because IS 'Why it no longer stands';
COMMENT ON COLUMN scanstream.endpoint_status.computed_at IS 'When it was computed';

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.endpoint_status_as_of(day timestamptz) RETURNS SETOF scanstream.endpoint_status
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT q.patient_id, q.line, q.endpoint, q.status, q.since, q.because, q.scan_uid, q.baseline_at, q.nadir_at,
    q.superseded_at, q.superseded_because, q.computed_at
  FROM endpoint_statuses q
  WHERE q.computed_at <= day AND day < coalesce(q.superseded_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.endpoint_status_as_of IS 'endpoint_status as it stood at a moment';

CREATE OR REPLACE VIEW scanstream.current_risk AS
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high,
    w.model, f.weights_version, f.scan_uid, f.revision, f.at AS acquired_at, f.computed_at,
    r.final_at IS NULL AS provisional,
    coalesce(v.line, 1) AS line, d.valid_until, d.stale, q.since AS at_risk_since
  FROM core.forecasts f
  JOIN core.leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.until IS NULL
  JOIN core.weights w ON w.weights_version = f.weights_version
  JOIN core.revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  LEFT JOIN core.visits v ON v.patient_id = f.patient_id AND v.scan_uid = f.scan_uid AND v.superseded_by IS NULL
  LEFT JOIN core.endpoint_statuses q ON q.patient_id = f.patient_id AND q.line = v.line AND q.endpoint = f.endpoint
    AND q.superseded_by IS NULL
  CROSS JOIN LATERAL (
    SELECT core.usual_gap(f.at, (
      SELECT max(b.at) FROM core.visits b
      WHERE b.patient_id = f.patient_id AND b.at < f.at AND b.superseded_by IS NULL)) AS gap) g
  CROSS JOIN LATERAL (
    SELECT u.valid_until, now() > least(u.valid_until, f.at + g.gap * 1.5) AS stale
    FROM (SELECT CASE f.horizon_kind WHEN 'days' THEN f.at + make_interval(days => f.horizon_days)
      WHEN 'next_visit' THEN f.at + g.gap END AS valid_until) u) d
  -- of timelines that were folded before there were statuses nothing is known: their questions count as open
  WHERE f.tip AND coalesce(q.status, 'open') = 'open'
  -- tips are kept per disease: where a patient's disease was corrected, the latest timepoint counts
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC;

COMMENT ON VIEW scanstream.current_risk IS
  'Exactly one row per patient, endpoint and horizon whose question is open: of the weights that lead for the disease, '
  'from the latest standing timepoint that has such a forecast';
COMMENT ON COLUMN scanstream.current_risk.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.current_risk.endpoint IS 'progression, death, pcr, objective_response or tumour_presence';
COMMENT ON COLUMN scanstream.current_risk.horizon_kind IS 'days, next_visit, end_of_treatment or now';
COMMENT ON COLUMN scanstream.current_risk.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.current_risk.risk IS 'Probability of the endpoint within the horizon, 0 to 1';
COMMENT ON COLUMN scanstream.current_risk.risk_low IS 'Lower end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.current_risk.risk_high IS 'Upper end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.current_risk.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.current_risk.weights_version IS 'sha256 of the weights that said it';
COMMENT ON COLUMN scanstream.current_risk.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.current_risk.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.current_risk.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.current_risk.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.current_risk.provisional IS 'True until the scan revision is final';
COMMENT ON COLUMN scanstream.current_risk.line IS 'Line of therapy, counts from 1';
COMMENT ON COLUMN scanstream.current_risk.valid_until IS
  'The last day that it speaks of: acquired_at and the horizon, of the next visit its usual day';
COMMENT ON COLUMN scanstream.current_risk.stale IS
  'Whether that day has passed, or the next visit is overdue by half its usual time';
COMMENT ON COLUMN scanstream.current_risk.at_risk_since IS 'Since when the question is open: the baseline of the line';

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.risk_as_of(day timestamptz) RETURNS SETOF scanstream.current_risk
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, w.model, f.weights_version,
    f.scan_uid, f.revision, f.at, f.computed_at, coalesce(r.final_at, 'infinity') > day,
    coalesce(v.line, 1), d.valid_until, d.stale, q.since
  FROM forecasts f
  JOIN leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.since <= day AND day < coalesce(l.until, 'infinity')
  JOIN weights w ON w.weights_version = f.weights_version
  JOIN revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  LEFT JOIN visits v ON v.patient_id = f.patient_id AND v.scan_uid = f.scan_uid
    AND v.computed_at <= day AND day < coalesce(v.superseded_at, 'infinity')
  LEFT JOIN endpoint_statuses q ON q.patient_id = f.patient_id AND q.line = v.line AND q.endpoint = f.endpoint
    AND q.computed_at <= day AND day < coalesce(q.superseded_at, 'infinity')
  CROSS JOIN LATERAL (
    SELECT core.usual_gap(f.at, (
      SELECT max(b.at) FROM visits b
      WHERE b.patient_id = f.patient_id AND b.at < f.at
        AND b.computed_at <= day AND day < coalesce(b.superseded_at, 'infinity'))) AS gap) g
  CROSS JOIN LATERAL (
    SELECT u.valid_until, day > least(u.valid_until, f.at + g.gap * 1.5) AS stale
    FROM (SELECT CASE f.horizon_kind WHEN 'days' THEN f.at + make_interval(days => f.horizon_days)
      WHEN 'next_visit' THEN f.at + g.gap END AS valid_until) u) d
  WHERE f.computed_at <= day AND day < coalesce(f.superseded_at, 'infinity')
    AND coalesce(q.status, 'open') = 'open'
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC $$;

COMMENT ON FUNCTION scanstream.risk_as_of IS 'current_risk as it stood at a moment';

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

-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.trajectory_as_of(day timestamptz) RETURNS SETOF scanstream.trajectory
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT p.patient_id, p.at, p.day - p.first_day, p.id, p.revision, m.lesion_uid, m.lesion_label,
    m.body_site, m.measurement,
    CASE WHEN m.measurement = 'sum_of_diameters' AND j.judged THEN j.sum_mm ELSE m.value END, m.unit, m.source
  FROM (SELECT *, min(s.day) OVER (PARTITION BY s.patient_id) AS first_day
        FROM (SELECT p.patient_id, p.at, p.id, p.revision, scan_clock(p.at, r.utc_offset_minutes)::date AS day
              FROM placements p JOIN revisions r ON r.scan_uid = p.id AND r.revision = p.revision
              WHERE p.kind = 'scan' AND p.placed_at <= $1 AND $1 < coalesce(p.ended_at, 'infinity')) s) p
  JOIN measurements m ON m.scan_uid = p.id AND m.revision = p.revision
  -- what is judged is the sum of the lesions that are followed, never a part of it
  LEFT JOIN LATERAL (
    SELECT true AS judged, v.scan_uid = p.id AS last, r.sum_of_diameters AS sum_mm
    FROM visits v
    LEFT JOIN responses r ON r.patient_id = v.patient_id AND r.criterion = 'RECIST 1.1' AND r.line = v.line
      AND r.scan_uid = v.scan_uid AND r.computed_at <= $1 AND $1 < coalesce(r.superseded_at, 'infinity')
    WHERE v.patient_id = p.patient_id AND p.id = ANY (v.scans) AND
      v.computed_at <= $1 AND $1 < coalesce(v.superseded_at, 'infinity')
      AND (r.baseline_sum IS NOT NULL OR v.scan_uid <> p.id)) j ON m.measurement = 'sum_of_diameters'
  WHERE m.measurement <> 'sum_of_diameters' OR j.judged IS NULL OR (j.last AND j.sum_mm IS NOT NULL) $$;

COMMENT ON FUNCTION scanstream.trajectory_as_of IS 'trajectory as it stood at a moment';

CREATE OR REPLACE VIEW scanstream.timepoint AS
  SELECT p.patient_id, p.id AS scan_uid, p.revision, coalesce(v.at, p.at) AS acquired_at,
    (SELECT min(r.accepted_at) FROM core.revisions r WHERE r.scan_uid = p.id) AS first_accepted_at,
    f.feature_version,
    -- what the clinical facts say goes before what the scan itself tells
    coalesce(CASE jsonb_typeof(k.clinical -> 'disease') WHEN 'string' THEN nullif(k.clinical ->> 'disease', '') END,
      v.disease, f.disease) AS disease,
    -- without an image x has the first six values only, and the other names are null
    (SELECT jsonb_object_agg(n.name, n.value)
      FROM unnest(ARRAY['sum_of_diameters', 'longest_diameter', 'short_axis', 'volume', 'sphericity',
        'background_parenchymal_enhancement', 'relative_attenuation', 'intensity_entropy', 'intensity_uniformity',
        'texture_joint_entropy', 'texture_contrast', 'texture_inverse_difference'], CASE WHEN v.x IS NULL THEN f.x
          ELSE ARRAY(SELECT e.value::float8 FROM jsonb_array_elements_text(v.x::jsonb) WITH ORDINALITY e(value, n)
            ORDER BY e.n) END) n(name, value)) AS x,
    k.clinical,
    coalesce((
      SELECT jsonb_agg(jsonb_build_object('name', t.name, 'kind', t.kind, 'start_at', t.start_at,
        'end_at', CASE WHEN t.end_at <= coalesce(v.at, p.at) THEN t.end_at END) ORDER BY t.at, t.treatment_id)
      FROM core.records(p.patient_id) m
      JOIN core.treatments t ON t.received_as = m.id
      WHERE t.at < coalesce(v.at, p.at) AND NOT t.withdrawn AND t.kind <> 'baseline' AND NOT EXISTS (
        SELECT FROM core.treatments n WHERE n.treatment_id = t.treatment_id AND n.revision > t.revision)),
      '[]') AS treatments,
    coalesce(v.begins_line, false) AS begins_line
  FROM core.placements p
  LEFT JOIN core.visits v ON v.patient_id = p.patient_id AND v.scan_uid = p.id AND v.superseded_by IS NULL
  -- the longest: with the features of the image, where there are any
  CROSS JOIN LATERAL (
    SELECT * FROM core.features WHERE scan_uid = p.id AND revision = p.revision
    ORDER BY cardinality(x) DESC LIMIT 1) f
  -- of merged records, what was received for the patient itself counts before the others
  CROSS JOIN LATERAL (
    SELECT coalesce(
      jsonb_object_agg(e.key, e.value::jsonb ORDER BY c.received_as = p.patient_id, c.received_as),
      '{}') AS clinical
    FROM core.records(p.patient_id) m
    JOIN core.clinical c ON c.received_as = m.id
    CROSS JOIN LATERAL json_each(c.facts) e
    WHERE NOT EXISTS (
      SELECT FROM core.clinical n WHERE n.received_as = c.received_as AND n.revision > c.revision)) k
  -- a visit is one timepoint: that of its last scan
  WHERE p.kind = 'scan' AND p.ended_by IS NULL AND (v.scan_uid IS NOT NULL OR NOT EXISTS (
    SELECT FROM core.visits o WHERE o.patient_id = p.patient_id AND o.superseded_by IS NULL));

COMMENT ON VIEW scanstream.timepoint IS
  'What a model saw at each standing scan: features, and the facts and treatments known on that day';
COMMENT ON COLUMN scanstream.timepoint.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.timepoint.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.timepoint.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.timepoint.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.timepoint.first_accepted_at IS 'When the first revision of the scan was accepted';
COMMENT ON COLUMN scanstream.timepoint.feature_version IS 'Rule the features were made by: with or without an image';
COMMENT ON COLUMN scanstream.timepoint.disease IS 'Disease that the clinical facts say, else the scan';
COMMENT ON COLUMN scanstream.timepoint.x IS 'Features by name, in mm, ml, %, bit or 1; null where missing';
COMMENT ON COLUMN scanstream.timepoint.clinical IS 'Clinical facts of the patient';
COMMENT ON COLUMN scanstream.timepoint.treatments IS
  'Treatments that began before the scan; end_at null where it had not ended by then';
COMMENT ON COLUMN scanstream.timepoint.begins_line IS
  'Whether a later line of therapy starts from it, and with it the history that models see';

CREATE OR REPLACE VIEW scanstream.treatments AS
  SELECT core.root(t.received_as) AS patient_id, t.treatment_id, t.revision, t.start_at, t.end_at, t.name, t.kind
  FROM core.treatments t
  -- a baseline that a person logged begins a line of therapy and is no treatment
  WHERE NOT t.withdrawn AND t.kind <> 'baseline' AND NOT EXISTS (
    SELECT FROM core.treatments n WHERE n.treatment_id = t.treatment_id AND n.revision > t.revision);

COMMENT ON VIEW scanstream.treatments IS 'Treatments that stand';
COMMENT ON COLUMN scanstream.treatments.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.treatments.treatment_id IS 'Names the treatment';
COMMENT ON COLUMN scanstream.treatments.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.treatments.start_at IS 'Start';
COMMENT ON COLUMN scanstream.treatments.end_at IS 'End, if known';
COMMENT ON COLUMN scanstream.treatments.name IS 'Name of the treatment';
COMMENT ON COLUMN scanstream.treatments.kind IS 'Kind of the treatment';

CREATE OR REPLACE VIEW scanstream.scan_status AS
  SELECT w.scan_uid, w.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id,
    ARRAY(
      SELECT DISTINCT i.modality FROM core.instances i
      WHERE i.scan_uid = w.scan_uid AND (r.scan_uid IS NULL OR EXISTS (
        SELECT FROM core.revision_instances ri
        WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision AND ri.instance_uid = i.instance_uid))
      ORDER BY i.modality) AS modality,
    -- before the revision is made, all instances of the scan that have come so far
    CASE
      WHEN r.scan_uid IS NULL THEN (SELECT count(*)::int FROM core.instances i WHERE i.scan_uid = w.scan_uid)
      ELSE (
        SELECT count(*)::int FROM core.revision_instances ri
        WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision)
    END AS instances,
    CASE
      WHEN d.decision = 'rejected' THEN 'rejected'
      WHEN g.fold_id IS NULL OR w.status = 'set_aside' THEN w.status
      WHEN p.id IS NOT NULL THEN 'applied'
      ELSE coalesce((
        SELECT j.kind FROM core.standing_rejections j
        WHERE j.scan_uid = w.scan_uid AND j.revision >= w.revision
        ORDER BY j.revision LIMIT 1), 'superseded')
    END AS status,
    w.reason_code,
    coalesce(
      w.reason,
      nullif(concat_ws('; ', f.note, CASE WHEN r.dated_apart IS NOT NULL THEN format(
        'of another day than the scan: image %s', array_to_string(r.dated_apart, ', ')) END), ''),
      CASE WHEN p.id IS NOT NULL AND NOT EXISTS (
        SELECT FROM core.states t WHERE t.scan_uid = w.scan_uid AND t.superseded_by IS NULL)
      THEN CASE WHEN EXISTS (
        SELECT FROM core.visits v
        WHERE v.patient_id = p.patient_id AND v.superseded_by IS NULL AND p.id = ANY (v.scans) AND v.scan_uid <> p.id)
      THEN 'counts with a later scan of the same visit' ELSE 'no model applies' END END) AS reason,
    coalesce(r.completeness, w.completeness) AS completeness,
    r.final_at IS NULL AS provisional,
    coalesce(r.accepted_at, w.changed_at) AS accepted_at,
    o.computed_at AS applied_at,
    r.acquired_at,
    core.scan_clock(r.acquired_at, r.utc_offset_minutes) AS acquired_local
  FROM core.assembly w
  JOIN core.scans s ON s.scan_uid = w.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = w.scan_uid
  LEFT JOIN core.revisions r ON r.scan_uid = w.scan_uid AND r.revision = w.revision
  -- a scan may have features of its image beside these: one row for each scan all the same
  LEFT JOIN core.features f ON f.scan_uid = w.scan_uid AND f.revision = w.revision
    AND f.feature_version = 'measurements-1'
  LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = w.scan_uid AND g.revision = w.revision
  LEFT JOIN core.folds o ON o.fold_id = g.fold_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = w.scan_uid AND p.revision = w.revision
    AND p.ended_by IS NULL
  LEFT JOIN LATERAL (
    SELECT i.decision FROM core.set_asides i
    WHERE i.scan_uid = w.scan_uid AND i.revision = w.revision
    ORDER BY i.set_aside_at DESC LIMIT 1) d ON true;

COMMENT ON VIEW scanstream.scan_status IS 'How far each revision of each scan has come';
COMMENT ON COLUMN scanstream.scan_status.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.scan_status.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.scan_status.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.scan_status.modality IS 'Sorted list of the modalities in the revision';
COMMENT ON COLUMN scanstream.scan_status.instances IS 'Number of instances in the revision';
COMMENT ON COLUMN scanstream.scan_status.status IS
  'receiving, measuring, waiting, applied, superseded, rejected, retracted or set_aside';
COMMENT ON COLUMN scanstream.scan_status.reason_code IS 'Why it was set aside, as a code';
COMMENT ON COLUMN scanstream.scan_status.reason IS 'Why, in words';
COMMENT ON COLUMN scanstream.scan_status.completeness IS 'Why the scan was taken as complete';
COMMENT ON COLUMN scanstream.scan_status.provisional IS 'True until the scan revision is final';
COMMENT ON COLUMN scanstream.scan_status.accepted_at IS 'When the revision was accepted';
COMMENT ON COLUMN scanstream.scan_status.applied_at IS 'When it first counted on the timeline';
COMMENT ON COLUMN scanstream.scan_status.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.scan_status.acquired_local IS 'What the clock showed then in the zone of the scan';

GRANT SELECT ON scanstream.visit, scanstream.lesion, scanstream.response, scanstream.endpoint_status
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT, UPDATE ON core.findings, core.visits, core.responses, core.endpoint_statuses TO scanstream_worker;
GRANT SELECT, INSERT ON core.findings TO scanstream_gateway;
