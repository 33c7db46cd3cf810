CREATE OR REPLACE VIEW scanstream.tumour_presence AS
  SELECT p.patient_id, 'tumour_presence'::text AS endpoint, 'now'::text AS horizon_kind, NULL::int AS horizon_days,
    s.probability AS risk, s.low AS risk_low, s.high AS risk_high, s.model, s.weights_version, p.id AS scan_uid,
    p.revision, p.at AS acquired_at, w.measured_at AS computed_at, r.final_at IS NULL AS provisional,
    s.series_uid, s.slices, s.slice_number, s.instance_uid, s.learned_from, s.picture, s.occlusion, s.gradient, s.gates
  FROM core.placements p
  JOIN core.slice_scores s ON s.scan_uid = p.id AND s.revision = p.revision
  JOIN core.revisions r ON r.scan_uid = p.id AND r.revision = p.revision
  JOIN core.assembly w ON w.scan_uid = p.id AND w.revision = p.revision
  WHERE p.kind = 'scan' AND p.ended_by IS NULL;

COMMENT ON VIEW scanstream.tumour_presence IS
  'How much a head series looks like one with a tumour, of each standing scan in which nobody measured a lesion: '
  'no measurement, and no forecast';
COMMENT ON COLUMN scanstream.tumour_presence.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.tumour_presence.endpoint IS 'tumour_presence';
COMMENT ON COLUMN scanstream.tumour_presence.horizon_kind IS 'now';
COMMENT ON COLUMN scanstream.tumour_presence.horizon_days IS 'Always null: it speaks of the day of the scan';
COMMENT ON COLUMN scanstream.tumour_presence.risk IS 'Probability that the series shows a tumour, 0 to 1';
COMMENT ON COLUMN scanstream.tumour_presence.risk_low IS
  'Lower end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.tumour_presence.risk_high IS
  'Upper end of the central 90 % of the model''s own uncertainty';
COMMENT ON COLUMN scanstream.tumour_presence.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.tumour_presence.weights_version IS 'sha256 of the weights that said it';
COMMENT ON COLUMN scanstream.tumour_presence.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.tumour_presence.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.tumour_presence.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.tumour_presence.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.tumour_presence.provisional IS 'True until the scan revision is final';
COMMENT ON COLUMN scanstream.tumour_presence.series_uid IS 'Pseudonym of the series that was read';
COMMENT ON COLUMN scanstream.tumour_presence.slices IS 'Probability of each slice, from the feet';
COMMENT ON COLUMN scanstream.tumour_presence.slice_number IS 'The slice that speaks most for it, from 1, from the feet';
COMMENT ON COLUMN scanstream.tumour_presence.instance_uid IS 'Pseudonym of the image with this slice';
COMMENT ON COLUMN scanstream.tumour_presence.learned_from IS 'Patients that the weights learned from';
COMMENT ON COLUMN scanstream.tumour_presence.picture IS
  'That slice as the model saw it, PNG of 8-bit grey; null: pictures are not wanted, or words may be in the pixels';
COMMENT ON COLUMN scanstream.tumour_presence.occlusion IS
  'Of the same size: where covering a part of the slice lowers its probability, white most';
COMMENT ON COLUMN scanstream.tumour_presence.gradient IS
  'Of the same size: where the probability of the slice depends on its pixels, white most';
COMMENT ON COLUMN scanstream.tumour_presence.gates IS
  'Four rows over the slices: what the model lets in, keeps and shows, from 0 to 1, and how much it remembers';
