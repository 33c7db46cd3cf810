-- A scan may have features of its image beside those of what was measured: what a model saw names them all, and every
-- view has one row for each scan as before.

CREATE OR REPLACE VIEW scanstream.timepoint AS
  SELECT p.patient_id, p.id AS scan_uid, p.revision, p.at AS acquired_at,
    (SELECT min(r.accepted_at) FROM core.revisions r WHERE r.scan_uid = p.id) AS first_accepted_at,
    f.feature_version, f.disease,
    (SELECT jsonb_object_agg(v.name, v.value) FROM unnest(ARRAY['sum_of_diameters', 'longest_diameter', 'short_axis',
      'volume', 'sphericity', 'background_parenchymal_enhancement', 'relative_attenuation', 'intensity_entropy',
      'intensity_uniformity', 'texture_joint_entropy', 'texture_contrast', 'texture_inverse_difference'], f.x) v(name, value)) AS x,
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
  CROSS JOIN LATERAL (SELECT * FROM core.features WHERE scan_uid = p.id AND revision = p.revision
    ORDER BY cardinality(x) DESC LIMIT 1) f
  WHERE p.kind = 'scan' AND p.ended_by IS NULL;

CREATE OR REPLACE VIEW scanstream.scan_status AS
  SELECT w.scan_uid, w.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id,
    ARRAY(SELECT DISTINCT i.modality FROM core.instances i WHERE i.scan_uid = w.scan_uid AND (r.scan_uid IS NULL OR EXISTS (
        SELECT FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision
        AND ri.instance_uid = i.instance_uid)) ORDER BY i.modality) AS modality,
    CASE WHEN r.scan_uid IS NULL THEN (SELECT count(*)::int FROM core.instances i WHERE i.scan_uid = w.scan_uid)
      ELSE (SELECT count(*)::int FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision)
    END AS instances,
    CASE WHEN d.decision = 'rejected' THEN 'rejected'
      WHEN g.fold_id IS NULL OR w.status = 'set_aside' THEN w.status
      WHEN p.id IS NOT NULL THEN 'applied'
      ELSE coalesce((SELECT j.kind FROM core.standing_rejections j WHERE j.scan_uid = w.scan_uid AND j.revision >= w.revision
        ORDER BY j.revision LIMIT 1), 'superseded') END AS status,
    w.reason_code,
    coalesce(w.reason, f.note, CASE WHEN p.id IS NOT NULL AND NOT EXISTS (SELECT FROM core.states t
      WHERE t.scan_uid = w.scan_uid AND t.superseded_by IS NULL) THEN 'no model applies' END) AS reason,
    coalesce(r.completeness, w.completeness) AS completeness, r.final_at IS NULL AS provisional,
    coalesce(r.accepted_at, w.changed_at) AS accepted_at, o.computed_at AS applied_at, r.acquired_at
  FROM core.assembly w
  JOIN core.scans s ON s.scan_uid = w.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = w.scan_uid
  LEFT JOIN core.revisions r ON r.scan_uid = w.scan_uid AND r.revision = w.revision
  LEFT JOIN core.features f ON f.scan_uid = w.scan_uid AND f.revision = w.revision
    AND f.feature_version = 'measurements-1'
  LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = w.scan_uid AND g.revision = w.revision
  LEFT JOIN core.folds o ON o.fold_id = g.fold_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = w.scan_uid AND p.revision = w.revision AND p.ended_by IS NULL
  LEFT JOIN LATERAL (SELECT i.decision FROM core.set_asides i WHERE i.scan_uid = w.scan_uid AND i.revision = w.revision
    ORDER BY i.set_aside_at DESC LIMIT 1) d ON true;
