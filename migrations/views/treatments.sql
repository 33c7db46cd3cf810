CREATE OR REPLACE VIEW scanstream.treatments AS
  SELECT core.root(t.received_as) AS patient_id, t.treatment_id, t.revision, t.start_at, t.end_at, t.name, t.kind
  FROM core.treatments t
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
