-- What other people read: views and functions of the schema scanstream, each with its comment (\d+ is the documentation).
-- Functions that views call run with the owner's rights, so that a reader needs no right on any table.

CREATE FUNCTION core.root(patient text) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
DECLARE above text;
BEGIN
  LOOP
    SELECT a.into_patient_id INTO above FROM aliases a WHERE a.patient_id = patient;
    IF NOT FOUND THEN RETURN patient; END IF;
    patient := above;
  END LOOP;
END $$;
COMMENT ON FUNCTION core.root IS 'The timeline a patient belongs to after merges';

CREATE FUNCTION core.local_day(at timestamptz) RETURNS date LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT (at AT TIME ZONE coalesce((SELECT value FROM service WHERE name = 'time_zone'), 'UTC'))::date $$;
COMMENT ON FUNCTION core.local_day IS 'Calendar day in the TIME_ZONE of the service';

CREATE VIEW scanstream.current_risk AS
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, w.model, f.weights_version,
    f.scan_uid, f.revision, f.at AS acquired_at, f.computed_at, r.final_at IS NULL AS provisional
  FROM core.forecasts f
  JOIN core.leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.until IS NULL
  JOIN core.weights w ON w.weights_version = f.weights_version
  JOIN core.revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  WHERE f.tip
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC;

CREATE VIEW scanstream.risk_history AS
  SELECT f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, w.model, f.weights_version,
    f.scan_uid, f.revision, f.at AS acquired_at, f.computed_at, r.final_at IS NULL AS provisional,
    CASE WHEN EXISTS (SELECT FROM core.leads l WHERE l.endpoint = f.endpoint AND l.disease = f.disease
        AND l.weights_version = f.weights_version AND l.since <= coalesce(f.superseded_at, 'infinity')
        AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity')) THEN 'lead' ELSE 'shadow' END AS role,
    f.superseded_at, f.superseded_because,
    core.root(coalesce(a.patient_id, s.received_as)) AS current_patient_id
  FROM core.forecasts f
  JOIN core.weights w ON w.weights_version = f.weights_version
  JOIN core.revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  JOIN core.scans s ON s.scan_uid = f.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = f.scan_uid;

CREATE VIEW scanstream.size_forecast AS
  SELECT f.patient_id, f.lesion_uid, f.measurement, f.horizon_days, f.value, f.value_low, f.value_high, f.level, f.scan_uid,
    f.revision, f.at AS acquired_at,
    CASE WHEN EXISTS (SELECT FROM core.leads l WHERE l.endpoint = 'size' AND l.disease = f.disease
        AND l.weights_version = f.weights_version AND l.since <= coalesce(f.superseded_at, 'infinity')
        AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity')) THEN 'lead' ELSE 'shadow' END AS role,
    w.model, f.weights_version, f.computed_at, f.superseded_at
  FROM core.size_forecasts f JOIN core.weights w ON w.weights_version = f.weights_version;

CREATE VIEW scanstream.response_probability AS
  SELECT f.patient_id, f.criterion, f.category, f.probability, f.scan_uid, f.revision, f.at AS acquired_at,
    CASE WHEN EXISTS (SELECT FROM core.leads l WHERE l.endpoint = 'response' AND l.disease = f.disease
        AND l.weights_version = f.weights_version AND l.since <= coalesce(f.superseded_at, 'infinity')
        AND coalesce(l.until, 'infinity') >= coalesce(f.superseded_at, 'infinity')) THEN 'lead' ELSE 'shadow' END AS role,
    w.model, f.weights_version, f.computed_at, f.superseded_at
  FROM core.response_probabilities f JOIN core.weights w ON w.weights_version = f.weights_version;

CREATE VIEW scanstream.trajectory AS
  SELECT p.patient_id, p.at AS acquired_at,
    core.local_day(p.at) - core.local_day(p.first_at) AS day,
    p.id AS scan_uid, p.revision, m.lesion_uid, m.lesion_label, m.body_site, m.measurement, m.value, m.unit, m.source
  FROM (SELECT *, min(at) OVER (PARTITION BY patient_id) AS first_at FROM core.placements
        WHERE kind = 'scan' AND ended_by IS NULL) p
  JOIN core.measurements m ON m.scan_uid = p.id AND m.revision = p.revision;

CREATE VIEW scanstream.scan_status AS
  SELECT w.scan_uid, w.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id,
    ARRAY(SELECT DISTINCT i.modality FROM core.instances i WHERE i.scan_uid = w.scan_uid AND (r.scan_uid IS NULL OR EXISTS (
        SELECT FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision
        AND ri.instance_uid = i.instance_uid)) ORDER BY i.modality) AS modality,
    CASE WHEN r.scan_uid IS NULL THEN (SELECT count(*)::int FROM core.instances i WHERE i.scan_uid = w.scan_uid)
      ELSE (SELECT count(*)::int FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision)
    END AS instances,
    CASE WHEN g.fold_id IS NULL THEN w.status
      WHEN w.revision <= (SELECT max(j.revision) FROM core.rejections j WHERE j.scan_uid = w.scan_uid) THEN 'rejected'
      WHEN p.id IS NOT NULL THEN 'applied' ELSE 'superseded' END AS status,
    w.reason_code,
    coalesce(w.reason, f.note, CASE WHEN p.id IS NOT NULL AND NOT EXISTS (SELECT FROM core.states t
      WHERE t.scan_uid = w.scan_uid AND t.superseded_by IS NULL) THEN 'no model applies' END) AS reason,
    coalesce(r.completeness, w.completeness) AS completeness, r.final_at IS NULL AS provisional,
    coalesce(r.accepted_at, w.changed_at) AS accepted_at, d.computed_at AS applied_at, r.acquired_at
  FROM core.assembly w
  JOIN core.scans s ON s.scan_uid = w.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = w.scan_uid
  LEFT JOIN core.revisions r ON r.scan_uid = w.scan_uid AND r.revision = w.revision
  LEFT JOIN core.features f ON f.scan_uid = w.scan_uid AND f.revision = w.revision
  LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = w.scan_uid AND g.revision = w.revision
  LEFT JOIN core.folds d ON d.fold_id = g.fold_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = w.scan_uid AND p.revision = w.revision AND p.ended_by IS NULL;

CREATE VIEW scanstream.treatments AS
  SELECT core.root(t.received_as) AS patient_id, t.treatment_id, t.revision, t.start_at, t.end_at, t.name, t.kind
  FROM core.treatments t
  WHERE NOT t.withdrawn AND NOT EXISTS (
    SELECT FROM core.treatments n WHERE n.treatment_id = t.treatment_id AND n.revision > t.revision);

CREATE VIEW scanstream.set_aside AS
  SELECT i.item_id, i.scan_uid, i.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id, i.reason_code,
    i.reason, i.set_aside_at, i.decision, i.decided_at
  FROM core.set_asides i
  LEFT JOIN core.scans s ON s.scan_uid = i.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = i.scan_uid;

CREATE VIEW scanstream.service_status AS
  SELECT (SELECT count(*) FROM core.receipts WHERE outcome = 'accepted') AS accepted,
    (SELECT count(*) FROM core.receipts WHERE outcome = 'duplicate') AS duplicate,
    (SELECT count(*) FROM core.receipts WHERE outcome = 'set_aside') AS set_aside,
    (SELECT count(*) FROM core.instances i WHERE NOT EXISTS (
       SELECT FROM core.revision_instances ri JOIN core.assembly w ON w.scan_uid = ri.scan_uid AND w.revision = ri.revision
       WHERE ri.scan_uid = i.scan_uid AND ri.instance_uid = i.instance_uid AND w.status IN ('applied', 'set_aside')))
      + (SELECT count(*) FROM core.assembly w WHERE w.status IN ('measuring', 'waiting') AND NOT EXISTS (
         SELECT FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision))
    AS pending,
    (SELECT max(computed_at) FROM core.folds) AS last_fold_at,
    (SELECT max(received_at) FROM core.receipts) AS last_received_at;

CREATE FUNCTION scanstream.risk_as_of(day timestamptz) RETURNS SETOF scanstream.current_risk
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT DISTINCT ON (f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days)
    f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.risk, f.risk_low, f.risk_high, w.model, f.weights_version,
    f.scan_uid, f.revision, f.at, f.computed_at, coalesce(r.final_at, 'infinity') > day
  FROM forecasts f
  JOIN leads l ON l.endpoint = f.endpoint AND l.disease = f.disease AND l.weights_version = f.weights_version
    AND l.since <= day AND day < coalesce(l.until, 'infinity')
  JOIN weights w ON w.weights_version = f.weights_version
  JOIN revisions r ON r.scan_uid = f.scan_uid AND r.revision = f.revision
  WHERE f.computed_at <= day AND day < coalesce(f.superseded_at, 'infinity')
  ORDER BY f.patient_id, f.endpoint, f.horizon_kind, f.horizon_days, f.at DESC, f.scan_uid DESC $$;
COMMENT ON FUNCTION scanstream.risk_as_of IS 'current_risk as it stood at a moment';

CREATE FUNCTION scanstream.trajectory_as_of(day timestamptz) RETURNS SETOF scanstream.trajectory
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT p.patient_id, p.at, local_day(p.at) - local_day(p.first_at), p.id, p.revision, m.lesion_uid, m.lesion_label,
    m.body_site, m.measurement, m.value, m.unit, m.source
  FROM (SELECT *, min(at) OVER (PARTITION BY patient_id) AS first_at FROM placements
        WHERE kind = 'scan' AND placed_at <= day AND day < coalesce(ended_at, 'infinity')) p
  JOIN measurements m ON m.scan_uid = p.id AND m.revision = p.revision $$;
COMMENT ON FUNCTION scanstream.trajectory_as_of IS 'trajectory as it stood at a moment';

CREATE FUNCTION core.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON core.audit FOR EACH ROW EXECUTE FUNCTION core.append_only();

COMMENT ON VIEW scanstream.current_risk IS 'Exactly one row per patient, endpoint and horizon: of the weights that lead for the disease, from the latest standing timepoint that has such a forecast';
COMMENT ON VIEW scanstream.risk_history IS 'Every forecast ever made, also those that no longer stand';
COMMENT ON VIEW scanstream.size_forecast IS 'Sizes forecast for a later day, with intervals';
COMMENT ON VIEW scanstream.response_probability IS 'Probabilities of the response categories';
COMMENT ON VIEW scanstream.trajectory IS 'Measured values of the standing scans over time';
COMMENT ON VIEW scanstream.scan_status IS 'How far each revision of each scan has come';
COMMENT ON VIEW scanstream.treatments IS 'Treatments that stand';
COMMENT ON VIEW scanstream.set_aside IS 'What was kept but not processed, and why';
COMMENT ON VIEW scanstream.service_status IS 'Counts of files: accepted, duplicate, set aside; instances still pending';

-- One comment per column name; the same name means the same thing in every view.
DO $$
DECLARE c record; word jsonb := '{
  "patient_id": "Pseudonym of the patient", "endpoint": "progression, death, pcr, objective_response or tumour_presence",
  "horizon_kind": "days, next_visit, end_of_treatment or now", "horizon_days": "Days ahead, counted from acquired_at",
  "risk": "Probability of the endpoint within the horizon, 0 to 1", "risk_low": "Lower end of the central 90 % of the model''s own uncertainty",
  "risk_high": "Upper end of the central 90 % of the model''s own uncertainty", "model": "Name of the model",
  "weights_version": "sha256 of the weights that said it", "scan_uid": "Pseudonym of the scan (study)",
  "revision": "Revision of the scan, counts from 1", "acquired_at": "When the scan was acquired", "computed_at": "When it was computed",
  "provisional": "True until the scan revision is final", "role": "lead: these weights led when the row ended, or lead now; else shadow",
  "superseded_at": "When it stopped standing; null: it stands", "superseded_because": "Why it no longer stands",
  "current_patient_id": "Patient it belongs to now, after merges and moves", "lesion_uid": "Pseudonym of the lesion; null: whole patient",
  "lesion_label": "The report''s name for the lesion", "body_site": "Where the lesion is", "measurement": "What was measured",
  "value": "Value in the unit beside it", "value_low": "Lower end of the interval", "value_high": "Upper end of the interval",
  "level": "Coverage of the interval", "criterion": "Response criterion", "category": "CR, PR, SD or PD", "probability": "Probability of the category",
  "day": "Whole calendar days since the first standing scan", "unit": "mm, ml, % or 1", "source": "SR, SEG, model or import",
  "modality": "Sorted list of the modalities in the revision", "instances": "Number of instances in the revision",
  "status": "receiving, measuring, waiting, applied, superseded, rejected, retracted or set_aside", "reason_code": "Why it was set aside, as a code",
  "reason": "Why, in words", "completeness": "Why the scan was taken as complete", "accepted_at": "When the revision was accepted",
  "applied_at": "When it first counted on the timeline", "treatment_id": "Names the treatment", "start_at": "Start", "end_at": "End, if known",
  "name": "Name of the treatment", "kind": "Kind of the treatment", "item_id": "Names the item", "set_aside_at": "When it was set aside",
  "decision": "released or rejected; null: nobody decided yet", "decided_at": "When it was decided", "accepted": "Files accepted",
  "duplicate": "Files that were there already", "set_aside": "Files set aside", "pending": "Accepted instances without an end yet",
  "last_fold_at": "When a timeline last moved forward", "last_received_at": "When a file last arrived"}';
BEGIN
  FOR c IN SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'scanstream' LOOP
    EXECUTE format('COMMENT ON COLUMN scanstream.%I.%I IS %L', c.table_name, c.column_name, word ->> c.column_name);
  END LOOP;
END $$;
