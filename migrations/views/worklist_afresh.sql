-- In plpgsql, which keeps the plan: each fold asks, and planning this takes ten times as long as answering it for one patient.
-- (Left to itself, Postgres finds a plan for one patient cheaper than one for any, and makes a new one each
-- time.) A plan that is kept must not be one for tables that were small when it was made.
CREATE OR REPLACE FUNCTION core.worklist_afresh(patients text[]) RETURNS SETOF core.worklist
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = core, pg_temp SET jit = off
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
  SELECT h.patient_id,
    coalesce(k.disease, v.disease, s.disease) AS disease, k.trial, k.arm, coalesce(v.line, 1) AS line,
    s.scan_uid AS last_scan_uid, s.revision AS last_revision, s.at AS last_scan_at,
    s.utc_offset_minutes AS last_offset_minutes,
    coalesce(v.at, s.at) + core.usual_gap(coalesce(v.at, s.at), b.at) * 1.5 AS due_at,
    v.doubtful_lesions,
    r.criterion, r.category AS response, r.at AS response_at, r.sum_now, r.nadir_sum, r.nadir_at, r.percent_from_nadir,
    r.percent_from_baseline, r.new_lesions, coalesce(p.since, w.at) AS progressed_at,
    coalesce(f.endpoint, q.endpoint) AS endpoint,
    CASE WHEN f.endpoint IS NULL THEN q.status ELSE 'open' END AS question,
    CASE WHEN f.endpoint IS NULL THEN q.since END AS question_since,
    f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, f.weights_version, f.scan_uid AS risk_scan_uid,
    f.revision AS risk_revision, f.at AS risk_at, f.valid_until, f.stale_at,
    e.risk AS risk_before, e.at AS risk_before_at, e.weights_version AS weights_before,
    greatest(s.placed_at, r.computed_at, q.computed_at, f.computed_at) AS news_at,
    a.at AS acknowledged_at, a.by AS acknowledged_by, a.note, y.died, y.at AS died_at
  FROM core.heads h
  -- the latest scan that counts, and the latest visit, which a line of therapy and lesions belong to
  LEFT JOIN LATERAL (
    SELECT c.id AS scan_uid, c.revision, c.at, c.placed_at, n.utc_offset_minutes, (
      SELECT x.disease FROM core.features x WHERE x.scan_uid = c.id AND x.revision = c.revision
      ORDER BY x.feature_version LIMIT 1) AS disease
    FROM core.placements c
    JOIN core.revisions n ON n.scan_uid = c.id AND n.revision = c.revision
    WHERE c.patient_id = h.patient_id AND c.kind = 'scan' AND c.ended_by IS NULL
    ORDER BY c.at DESC, c.id DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
    SELECT c.scan_uid, c.at, c.line, c.disease, (
      SELECT count(*)::int FROM jsonb_array_elements(c.lesions::jsonb) l
      WHERE l ->> 'perhaps' IS NOT NULL) AS doubtful_lesions
    FROM core.visits c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL
    ORDER BY c.at DESC, c.scan_uid DESC LIMIT 1) v ON true
  LEFT JOIN LATERAL (
    SELECT max(c.at) AS at FROM core.visits c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL AND c.at < v.at) b ON true
  -- clinical facts that a fold has seen; of merged records, what was received for the patient itself counts before the others
  LEFT JOIN LATERAL (
    SELECT (array_agg(c.facts ->> 'disease' ORDER BY o.own DESC, o.id DESC)
        FILTER (WHERE json_typeof(c.facts -> 'disease') = 'string' AND c.facts ->> 'disease' <> ''))[1] AS disease,
      (array_agg(c.facts ->> 'trial' ORDER BY o.own DESC, o.id DESC) FILTER (WHERE c.facts ->> 'trial' <> ''))[1]
        AS trial,
      (array_agg(c.facts ->> 'arm' ORDER BY o.own DESC, o.id DESC) FILTER (WHERE c.facts ->> 'arm' <> ''))[1] AS arm
    FROM (SELECT m.id, m.id = h.patient_id AS own FROM core.records(h.patient_id) m) o
    JOIN LATERAL (
      SELECT g.facts FROM core.clinical g
      JOIN core.ledger d ON d.kind = 'clinical' AND d.id = g.received_as AND d.revision = g.revision
      WHERE g.received_as = o.id ORDER BY g.revision DESC LIMIT 1) c ON true) k ON true
  -- the verdict now; a brain is judged by its own criterion, all else by RECIST 1.1
  LEFT JOIN LATERAL (
    SELECT c.criterion, c.line, c.category, c.at, c.sum_of_diameters AS sum_now, c.nadir_sum, c.nadir_at,
      c.percent_from_nadir, c.percent_from_baseline, c.new_lesions, c.computed_at
    FROM core.responses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL
    ORDER BY c.line DESC, c.at DESC, (c.criterion = 'RECIST 1.1') = (coalesce(k.disease, v.disease) IS DISTINCT FROM 'brain') DESC,
      c.criterion LIMIT 1) r ON true
  LEFT JOIN LATERAL (
    SELECT min(c.at) AS at FROM core.responses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL AND c.criterion = r.criterion AND c.line = r.line
      AND c.category IN ('PD', 'iUPD', 'iCPD')) w ON true
  -- questions of the latest line: the one that is asked first, and whether progression is answered
  LEFT JOIN LATERAL (
    SELECT c.endpoint, c.status, c.since, c.computed_at FROM core.endpoint_statuses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL
    ORDER BY c.line DESC, array_position(ARRAY['progression', 'death', 'pcr', 'objective_response'], c.endpoint),
      c.endpoint LIMIT 1) q ON true
  LEFT JOIN LATERAL (
    SELECT c.since FROM core.endpoint_statuses c
    WHERE c.patient_id = h.patient_id AND c.superseded_by IS NULL AND c.endpoint = 'progression'
      AND c.line = coalesce(v.line, 1) AND c.status = 'occurred') p ON true
  -- the forecast that leads: of the question that is asked first, for six months where there is one
  LEFT JOIN LATERAL (
    SELECT t.*, u.valid_until, least(u.valid_until, t.at + u.gap * 1.5) AS stale_at
    FROM core.forecasts t
    JOIN core.leads l ON l.endpoint = t.endpoint AND l.disease = t.disease AND l.weights_version = t.weights_version
      AND l.until IS NULL
    LEFT JOIN core.visits c ON c.patient_id = t.patient_id AND c.scan_uid = t.scan_uid AND c.superseded_by IS NULL
    LEFT JOIN core.endpoint_statuses o ON o.patient_id = t.patient_id AND o.line = c.line AND o.endpoint = t.endpoint
      AND o.superseded_by IS NULL
    CROSS JOIN LATERAL (
      SELECT core.usual_gap(t.at, (
        SELECT max(y.at) FROM core.visits y
        WHERE y.patient_id = t.patient_id AND y.at < t.at AND y.superseded_by IS NULL)) AS gap) g
    CROSS JOIN LATERAL (
      SELECT g.gap, CASE t.horizon_kind WHEN 'days' THEN t.at + make_interval(days => t.horizon_days)
        WHEN 'next_visit' THEN t.at + g.gap END AS valid_until) u
    WHERE t.patient_id = h.patient_id AND t.tip AND coalesce(o.status, 'open') = 'open'
    ORDER BY array_position(ARRAY['progression', 'death', 'pcr', 'objective_response'], t.endpoint), t.endpoint,
      array_position(ARRAY[180, 365, 90], t.horizon_days), t.horizon_kind, t.horizon_days, t.at DESC, t.scan_uid DESC
    LIMIT 1) f ON true
  -- the same forecast of the scan before
  LEFT JOIN LATERAL (
    SELECT t.risk, t.at, t.weights_version
    FROM core.forecasts t
    JOIN core.leads l ON l.endpoint = t.endpoint AND l.disease = t.disease AND l.weights_version = t.weights_version
      AND l.until IS NULL
    WHERE t.patient_id = h.patient_id AND t.superseded_by IS NULL AND t.endpoint = f.endpoint
      AND t.horizon_kind = f.horizon_kind AND t.horizon_days IS NOT DISTINCT FROM f.horizon_days
      AND (t.at, t.scan_uid) < (f.at, f.scan_uid)
    ORDER BY t.at DESC, t.scan_uid DESC LIMIT 1) e ON true
  LEFT JOIN LATERAL (
    SELECT c.at, c.by, c.note FROM core.acknowledgements c
    WHERE c.patient_id = h.patient_id ORDER BY c.at DESC, c.acknowledgement_id LIMIT 1) a ON true
  -- a death that a fold has seen
  LEFT JOIN LATERAL (
    SELECT count(*) > 0 AS died, min(o.at) AS at FROM (
      SELECT DISTINCT ON (c.outcome_id) c.at, c.event AND NOT c.withdrawn AS died
      FROM core.records(h.patient_id) m
      JOIN core.outcomes c ON c.received_as = m.id AND c.endpoint = 'death'
      JOIN core.ledger g ON g.kind = 'outcome' AND g.id = c.outcome_id AND g.revision = c.revision
      ORDER BY c.outcome_id, c.revision DESC) o
    WHERE o.died) y ON true
  WHERE h.patient_id = ANY (patients) AND NOT EXISTS (SELECT FROM core.aliases m WHERE m.patient_id = h.patient_id);
END $$;

COMMENT ON FUNCTION core.worklist_afresh IS 'The rows that core.worklist must hold of patients, from what stands';
