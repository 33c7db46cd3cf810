CREATE OR REPLACE VIEW scanstream.treatments AS
  -- who was never merged is asked no function: it would cost more than all the rest
  SELECT CASE WHEN a.patient_id IS NULL THEN t.received_as ELSE core.root(t.received_as) END AS patient_id, t.treatment_id, t.revision, t.start_at, t.end_at, t.name, t.kind
  FROM core.treatments t
  LEFT JOIN core.aliases a ON a.patient_id = t.received_as
  -- a baseline that a person logged begins a line of therapy and is no treatment
  WHERE NOT t.withdrawn AND t.kind <> 'baseline' AND NOT EXISTS (
    SELECT FROM core.treatments n WHERE n.treatment_id = t.treatment_id AND n.revision > t.revision);

COMMENT ON VIEW scanstream.treatments IS 'Treatments that stand';
COMMENT ON COLUMN scanstream.treatments.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.treatments.treatment_id IS 'Names the treatment';
COMMENT ON COLUMN scanstream.treatments.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.treatments.start_at IS 'Start';
COMMENT ON COLUMN scanstream.treatments.end_at IS 'End, if known';
COMMENT ON COLUMN scanstream.treatments.name IS 'Name of the treatment';
COMMENT ON COLUMN scanstream.treatments.kind IS 'Kind of the treatment';
