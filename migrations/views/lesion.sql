CREATE OR REPLACE VIEW scanstream.lesion AS
  SELECT v.patient_id, l.lesion_id, v.line, l.role, l.organ, coalesce(l.node, false) AS node,
    min(v.at) FILTER (WHERE l.state IN ('measured', 'too_small', 'present'))
      OVER (PARTITION BY v.patient_id, l.lesion_id, v.superseded_by IS NULL) AS first_seen_at,
    l.evidence, l.score, v.scan_uid, v.at AS acquired_at, l.lesion_uid, l.label AS lesion_label, l.state,
    l.long_axis_mm, l.short_axis_mm, l.volume_ml, v.superseded_at, l.perhaps, coalesce(l.progressed, false) AS progressed
  FROM core.visits v
  CROSS JOIN LATERAL jsonb_to_recordset(v.lesions::jsonb) AS l(
    lesion_id text, role text, organ text, node boolean, evidence text, score float8, lesion_uid text, label text,
    state text, long_axis_mm float8, short_axis_mm float8, volume_ml float8, perhaps text,
    progressed boolean);

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
COMMENT ON COLUMN scanstream.lesion.perhaps IS
  'lesion_id that it may be, which a person has to say (scanstream lesions); null: nothing is like it';
COMMENT ON COLUMN scanstream.lesion.progressed IS
  'Whether the report calls its progression unequivocal (RECIST 1.1, 4.3.4)';
