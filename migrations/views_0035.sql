CREATE OR REPLACE VIEW scanstream.timepoint AS
  SELECT p.patient_id, p.id AS scan_uid, p.revision, coalesce(v.at, p.at) AS acquired_at,
    (SELECT min(r.accepted_at) FROM core.revisions r WHERE r.scan_uid = p.id) AS first_accepted_at,
    f.feature_version,
    -- what the clinical facts say goes before what the scan itself tells
    coalesce(CASE jsonb_typeof(k.clinical -> 'disease') WHEN 'string' THEN nullif(k.clinical ->> 'disease', '') END,
      v.disease, f.disease) AS disease,
    -- without an image, or an encoder, x has the first values only, and the other names are null
    (SELECT jsonb_object_agg(n.name, n.value)
      FROM unnest(ARRAY['sum_of_diameters', 'longest_diameter', 'short_axis', 'volume', 'sphericity',
        'background_parenchymal_enhancement', 'relative_attenuation', 'intensity_entropy', 'intensity_uniformity',
        'texture_joint_entropy', 'texture_contrast', 'texture_inverse_difference',
        'ct_encoded_1', 'ct_encoded_2', 'ct_encoded_3', 'ct_encoded_4',
        'mr_encoded_1', 'mr_encoded_2', 'mr_encoded_3', 'mr_encoded_4',
        'pet_encoded_1', 'pet_encoded_2', 'pet_encoded_3', 'pet_encoded_4'], CASE WHEN v.x IS NULL THEN f.x
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
  -- the longest: with what pixels say, where there are any
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
COMMENT ON COLUMN scanstream.timepoint.feature_version IS
  'Rule the features were made by: with or without an image; after a colon the encoder that read series';
COMMENT ON COLUMN scanstream.timepoint.disease IS 'Disease that the clinical facts say, else the scan';
COMMENT ON COLUMN scanstream.timepoint.x IS 'Features by name, in mm, ml, %, bit or 1; null where missing';
COMMENT ON COLUMN scanstream.timepoint.clinical IS 'Clinical facts of the patient';
COMMENT ON COLUMN scanstream.timepoint.treatments IS
  'Treatments that began before the scan; end_at null where it had not ended by then';
COMMENT ON COLUMN scanstream.timepoint.begins_line IS
  'Whether a later line of therapy starts from it, and with it the history that models see';

CREATE OR REPLACE VIEW scanstream.scan_embedding AS
  SELECT p.patient_id, p.id AS scan_uid, p.revision, p.at AS acquired_at, e.modality, e.encoder, e.weights_version,
    'encoded-1:' || left(e.weights_version, 12) AS feature_version, e.embedding, e.masked_because, e.series_uid,
    e.slices
  FROM core.placements p
  JOIN core.scan_embeddings e ON e.scan_uid = p.id AND e.revision = p.revision
  WHERE p.kind = 'scan' AND p.ended_by IS NULL;

COMMENT ON VIEW scanstream.scan_embedding IS
  'What an encoder says of the series of each standing scan, a row for each modality that the scan holds: numbers that '
  'mean nothing by themselves, a part of what some models see';
COMMENT ON COLUMN scanstream.scan_embedding.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.scan_embedding.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.scan_embedding.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.scan_embedding.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.scan_embedding.modality IS 'CT, MR or PT';
COMMENT ON COLUMN scanstream.scan_embedding.encoder IS 'Name of the encoder that was asked';
COMMENT ON COLUMN scanstream.scan_embedding.weights_version IS 'sha256 of its weights';
COMMENT ON COLUMN scanstream.scan_embedding.feature_version IS
  'The feature version that holds it; models whose card names this one see it';
COMMENT ON COLUMN scanstream.scan_embedding.embedding IS
  'What the encoder says, from 0 to 1; null where the modality is masked';
COMMENT ON COLUMN scanstream.scan_embedding.masked_because IS 'Why no series of it was read; null where one was';
COMMENT ON COLUMN scanstream.scan_embedding.series_uid IS 'Pseudonym of the series that was read';
COMMENT ON COLUMN scanstream.scan_embedding.slices IS 'Slices of that series';

GRANT SELECT ON scanstream.scan_embedding
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT ON core.scan_embeddings TO scanstream_worker;
GRANT SELECT ON core.scan_embeddings TO scanstream_gateway;
