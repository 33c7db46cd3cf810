CREATE OR REPLACE VIEW scanstream.growth_map AS
  SELECT g.patient_id, g.lesion_uid, g.horizon_days, g.volume_now, g.volume, g.volume_low, g.volume_high, g.drawn_from,
    g.outline, g.chance, g.scan_uid, g.revision, g.at AS acquired_at, w.model, g.weights_version, g.computed_at,
    g.superseded_at, g.superseded_because, core.root(g.patient_id) AS current_patient_id
  FROM core.growth_maps g
  JOIN core.weights w ON w.weights_version = g.weights_version;

COMMENT ON VIEW scanstream.growth_map IS
  'Where lesions will be on a later day, with the volume and its interval: every map ever drawn';
COMMENT ON COLUMN scanstream.growth_map.patient_id IS 'Pseudonym of the patient it was shown under';
COMMENT ON COLUMN scanstream.growth_map.lesion_uid IS 'Pseudonym of the lesion, as it is followed';
COMMENT ON COLUMN scanstream.growth_map.horizon_days IS 'Days ahead, counted from acquired_at';
COMMENT ON COLUMN scanstream.growth_map.volume_now IS 'Volume of the last outline, on the voxels of the map, ml';
COMMENT ON COLUMN scanstream.growth_map.volume IS 'Volume forecast, ml';
COMMENT ON COLUMN scanstream.growth_map.volume_low IS 'Lower end of its central 90 %, ml';
COMMENT ON COLUMN scanstream.growth_map.volume_high IS 'Upper end of its central 90 %, ml';
COMMENT ON COLUMN scanstream.growth_map.drawn_from IS 'Chance from which on a voxel is drawn as inside';
COMMENT ON COLUMN scanstream.growth_map.outline IS
  'The last outline: a bit for each of 40 x 40 x 40 voxels of 2 mm around its middle, slices from the feet, rows from '
  'the front, columns from the right';
COMMENT ON COLUMN scanstream.growth_map.chance IS 'Chance that a voxel is inside then: a byte from 0 to 255 for each';
COMMENT ON COLUMN scanstream.growth_map.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.growth_map.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.growth_map.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.growth_map.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.growth_map.weights_version IS 'sha256 of the weights that drew it';
COMMENT ON COLUMN scanstream.growth_map.computed_at IS 'When it was computed';
COMMENT ON COLUMN scanstream.growth_map.superseded_at IS 'When it stopped standing; null: it stands';
COMMENT ON COLUMN scanstream.growth_map.superseded_because IS 'Why it no longer stands';
COMMENT ON COLUMN scanstream.growth_map.current_patient_id IS 'Pseudonym whose timeline the patient''s stands on now';
