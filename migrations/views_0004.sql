-- What a model saw at each scan, and which weights led when: enough to fold a timeline again elsewhere.

CREATE FUNCTION core.records(patient text) RETURNS TABLE (id text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  WITH RECURSIVE record(id) AS (
    SELECT patient COLLATE "C" UNION ALL SELECT a.patient_id FROM aliases a JOIN record r ON a.into_patient_id = r.id)
  SELECT r.id FROM record r $$;
COMMENT ON FUNCTION core.records IS 'Every record whose facts stand on the timeline of a patient';

CREATE VIEW scanstream.timepoint AS
  SELECT p.patient_id, p.id AS scan_uid, p.revision, p.at AS acquired_at,
    (SELECT min(r.accepted_at) FROM core.revisions r WHERE r.scan_uid = p.id) AS first_accepted_at,
    f.feature_version, f.disease,
    (SELECT jsonb_object_agg(v.name, v.value) FROM unnest(ARRAY['sum_of_diameters', 'longest_diameter', 'short_axis',
      'volume', 'sphericity', 'background_parenchymal_enhancement'], f.x) v(name, value)) AS x,
    coalesce((SELECT jsonb_object_agg(e.key, e.value::jsonb ORDER BY c.received_as = p.patient_id, c.received_as)
      FROM core.records(p.patient_id) m JOIN core.clinical c ON c.received_as = m.id CROSS JOIN LATERAL json_each(c.facts) e
      WHERE NOT EXISTS (SELECT FROM core.clinical n WHERE n.received_as = c.received_as AND n.revision > c.revision)),
      '{}') AS clinical,
    coalesce((SELECT jsonb_agg(jsonb_build_object('name', t.name, 'kind', t.kind, 'start_at', t.start_at,
        'end_at', CASE WHEN t.end_at <= p.at THEN t.end_at END) ORDER BY t.at, t.treatment_id)
      FROM core.records(p.patient_id) m JOIN core.treatments t ON t.received_as = m.id
      WHERE t.at < p.at AND NOT t.withdrawn AND NOT EXISTS (
        SELECT FROM core.treatments n WHERE n.treatment_id = t.treatment_id AND n.revision > t.revision)),
      '[]') AS treatments
  FROM core.placements p
  JOIN core.features f ON f.scan_uid = p.id AND f.revision = p.revision
  WHERE p.kind = 'scan' AND p.ended_by IS NULL;

CREATE VIEW scanstream.leads AS
  SELECT l.endpoint, l.disease, w.model, l.weights_version, l.since, l.until
  FROM core.leads l JOIN core.weights w ON w.weights_version = l.weights_version;

COMMENT ON VIEW scanstream.timepoint IS 'What a model saw at each standing scan: features, and the facts and treatments known on that day';
COMMENT ON VIEW scanstream.leads IS 'Which weights led, for which endpoint and disease, and when';

DO $$
DECLARE c record; word jsonb := '{
  "patient_id": "Pseudonym of the patient", "scan_uid": "Pseudonym of the scan (study)",
  "revision": "Revision of the scan, counts from 1", "acquired_at": "When the scan was acquired",
  "first_accepted_at": "When the first revision of the scan was accepted", "feature_version": "Rule the features were made by",
  "disease": "Disease of the scan", "x": "Features by name, in mm, ml, % or 1; null where missing",
  "clinical": "Clinical facts of the patient", "treatments": "Treatments that began before the scan; end_at null where it had not ended by then",
  "endpoint": "What is forecast", "model": "Name of the model", "weights_version": "sha256 of the weights",
  "since": "From when on they lead", "until": "Until when they led; null: they lead"}';
BEGIN
  FOR c IN SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'scanstream' AND table_name IN ('timepoint', 'leads') LOOP
    EXECUTE format('COMMENT ON COLUMN scanstream.%I.%I IS %L', c.table_name, c.column_name, word ->> c.column_name);
  END LOOP;
END $$;

GRANT SELECT ON scanstream.timepoint, scanstream.leads
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
