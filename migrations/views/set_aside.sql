CREATE OR REPLACE VIEW scanstream.set_aside AS
  SELECT i.item_id, i.scan_uid, i.revision,
    core.root(coalesce(a.patient_id, s.received_as, i.patient_id)) AS patient_id, i.reason_code,
    i.reason, i.set_aside_at, i.decision, i.decided_at
  FROM core.set_asides i
  LEFT JOIN core.scans s ON s.scan_uid = i.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = i.scan_uid;

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
