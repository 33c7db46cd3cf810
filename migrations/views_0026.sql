CREATE OR REPLACE VIEW scanstream.set_aside AS
  SELECT i.item_id, i.scan_uid, i.revision,
    core.root(coalesce(a.patient_id, s.received_as, i.patient_id)) AS patient_id, i.reason_code,
    i.reason, i.set_aside_at, i.decision, i.decided_at, first_value(i.item_id) OVER of_one_cause AS cause,
    (count(*) OVER of_one_cause)::int AS files,
    k.kind, k.why_not, i.decided_by,
    coalesce(
      (SELECT o.calling_ae FROM core.receipts r JOIN core.associations o USING (association_id)
        WHERE r.sha256 = i.sha256 ORDER BY r.received_at LIMIT 1),
      (SELECT o.calling_ae FROM core.receipts r JOIN core.associations o USING (association_id)
        WHERE r.scan_uid = i.scan_uid ORDER BY r.received_at LIMIT 1)) AS sender,
    w.decision AS wanted, w.wanted_by, w.wanted_at, w.why AS wanted_because, w.answered_at, w.answer
  FROM core.set_asides i
  JOIN core.set_aside_kinds k ON k.item_id = i.item_id
  LEFT JOIN core.scans s ON s.scan_uid = i.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = i.scan_uid
  LEFT JOIN LATERAL (
    SELECT * FROM core.wishes n WHERE n.item_id = i.item_id ORDER BY n.number DESC LIMIT 1) w ON true
  -- who a patient is may be in doubt in several scans; what has no scan, or is no file, has a cause of its own
  WINDOW of_one_cause AS (
    PARTITION BY i.reason_code, i.reason, i.doubt, CASE WHEN i.doubt IS NULL THEN i.scan_uid END, i.decision,
      CASE WHEN i.doubt IS NULL AND (i.scan_uid IS NULL OR i.revision IS NOT NULL) THEN i.item_id END
    ORDER BY i.set_aside_at, i.item_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);

COMMENT ON VIEW scanstream.set_aside IS 'What was kept but not processed, and why';
COMMENT ON COLUMN scanstream.set_aside.item_id IS 'Names the item';
COMMENT ON COLUMN scanstream.set_aside.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.set_aside.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.set_aside.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.set_aside.reason_code IS 'Why it was set aside, as a code';
COMMENT ON COLUMN scanstream.set_aside.reason IS 'Why, in words';
COMMENT ON COLUMN scanstream.set_aside.set_aside_at IS 'When it was set aside';
COMMENT ON COLUMN scanstream.set_aside.decision IS 'released or rejected; null: nobody decided yet';
COMMENT ON COLUMN scanstream.set_aside.decided_at IS 'When it was decided';
COMMENT ON COLUMN scanstream.set_aside.cause IS
  'First item of the same scan and reason, or that names the same person: one decision is about all of them';
COMMENT ON COLUMN scanstream.set_aside.files IS 'How many items have this cause';
COMMENT ON COLUMN scanstream.set_aside.kind IS
  'file, revision, message, timeline, row (of an imported table) or identity event';
COMMENT ON COLUMN scanstream.set_aside.why_not IS 'Why it cannot be released, and what to do; null: it can';
COMMENT ON COLUMN scanstream.set_aside.decided_by IS 'Who decided';
COMMENT ON COLUMN scanstream.set_aside.sender IS 'AE title that sent it';
COMMENT ON COLUMN scanstream.set_aside.wanted IS
  'released or rejected: what somebody wanted last by scanstream.release or scanstream.reject';
COMMENT ON COLUMN scanstream.set_aside.wanted_by IS 'Who wanted it';
COMMENT ON COLUMN scanstream.set_aside.wanted_at IS 'Since when';
COMMENT ON COLUMN scanstream.set_aside.wanted_because IS 'Why, in their words';
COMMENT ON COLUMN scanstream.set_aside.answered_at IS 'When it was done or refused; null: it waits for the gateway';
COMMENT ON COLUMN scanstream.set_aside.answer IS 'done, or why it was not done';
