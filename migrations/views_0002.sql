-- What a past that may change needs: rejections that can be withdrawn, statuses that tell them, set-aside patients.

CREATE VIEW core.standing_rejections AS
  SELECT scan_uid, revision, kind, because, by, at FROM (
    SELECT DISTINCT ON (scan_uid, revision) * FROM core.rejections ORDER BY scan_uid, revision, number DESC) j
  WHERE NOT withdrawn;
COMMENT ON VIEW core.standing_rejections IS 'Rejections that were not withdrawn';
COMMENT ON COLUMN core.standing_rejections.scan_uid IS 'Pseudonym of the study';
COMMENT ON COLUMN core.standing_rejections.revision IS 'This one and all lower ones do not count';
COMMENT ON COLUMN core.standing_rejections.kind IS 'rejected, or retracted by the sender''s own correction';
COMMENT ON COLUMN core.standing_rejections.because IS 'quality, safety, wrong_patient, replaced or other';
COMMENT ON COLUMN core.standing_rejections.by IS 'Who rejected it';
COMMENT ON COLUMN core.standing_rejections.at IS 'When';

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
  LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = w.scan_uid AND g.revision = w.revision
  LEFT JOIN core.folds o ON o.fold_id = g.fold_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = w.scan_uid AND p.revision = w.revision AND p.ended_by IS NULL
  LEFT JOIN LATERAL (SELECT i.decision FROM core.set_asides i WHERE i.scan_uid = w.scan_uid AND i.revision = w.revision
    ORDER BY i.set_aside_at DESC LIMIT 1) d ON true;

CREATE OR REPLACE VIEW scanstream.set_aside AS
  SELECT i.item_id, i.scan_uid, i.revision,
    core.root(coalesce(a.patient_id, s.received_as, i.patient_id)) AS patient_id, i.reason_code,
    i.reason, i.set_aside_at, i.decision, i.decided_at
  FROM core.set_asides i
  LEFT JOIN core.scans s ON s.scan_uid = i.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = i.scan_uid;

-- A scan that ends its worker while it is gathered is set aside before it has a revision.
CREATE OR REPLACE VIEW scanstream.service_status AS
  SELECT (SELECT count(*) FROM core.receipts WHERE outcome = 'accepted') AS accepted,
    (SELECT count(*) FROM core.receipts WHERE outcome = 'duplicate') AS duplicate,
    (SELECT count(*) FROM core.receipts WHERE outcome = 'set_aside') AS set_aside,
    (SELECT count(*) FROM core.instances i WHERE NOT EXISTS (
       SELECT FROM core.revision_instances ri JOIN core.assembly w ON w.scan_uid = ri.scan_uid AND w.revision = ri.revision
       WHERE ri.scan_uid = i.scan_uid AND ri.instance_uid = i.instance_uid AND w.status IN ('applied', 'set_aside'))
     AND NOT EXISTS (SELECT FROM core.assembly u WHERE u.scan_uid = i.scan_uid AND u.status = 'set_aside' AND NOT EXISTS (
       SELECT FROM core.revisions r WHERE r.scan_uid = u.scan_uid AND r.revision = u.revision)))
      + (SELECT count(*) FROM core.assembly w WHERE w.status IN ('measuring', 'waiting') AND NOT EXISTS (
         SELECT FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision))
    AS pending,
    (SELECT max(computed_at) FROM core.folds) AS last_fold_at,
    (SELECT max(received_at) FROM core.receipts) AS last_received_at;

GRANT SELECT, INSERT, UPDATE ON core.rejections, core.suspects TO scanstream_worker;
GRANT SELECT ON core.rejections, core.suspects TO scanstream_gateway;
GRANT SELECT ON core.standing_rejections TO scanstream_gateway, scanstream_worker;
GRANT DELETE ON core.aliases, core.assignments, core.suspects TO scanstream_worker;
GRANT INSERT ON core.audit TO scanstream_gateway;
GRANT USAGE ON SEQUENCE core.audit_seq_seq TO scanstream_gateway;
GRANT UPDATE ON core.set_asides, core.receipts TO scanstream_gateway;
