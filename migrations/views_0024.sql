CREATE OR REPLACE VIEW scanstream.key_slice AS
  SELECT core.root(coalesce(a.patient_id, s.received_as)) AS patient_id, k.scan_uid, k.revision,
    r.acquired_at, k.lesion_uid, v.lesion_label, v.volume_ml, v.longest_diameter_mm, k.view, k.slice_number, k.slices,
    k.area_mm2, k.width, k.height, k.mm_per_pixel, k.instance_uid, k.png
  FROM core.key_slices k
  JOIN core.scans s ON s.scan_uid = k.scan_uid
  JOIN core.revisions r ON r.scan_uid = k.scan_uid AND r.revision = k.revision
  LEFT JOIN core.assignments a ON a.scan_uid = k.scan_uid
  LEFT JOIN LATERAL (
    SELECT min(m.lesion_label) AS lesion_label, max(m.value) FILTER (WHERE m.measurement = 'volume') AS volume_ml,
      max(m.value) FILTER (WHERE m.measurement = 'longest_diameter') AS longest_diameter_mm
    FROM core.measurements m
    WHERE m.scan_uid = k.scan_uid AND m.revision = k.revision AND m.lesion_uid = k.lesion_uid) v ON true;

COMMENT ON VIEW scanstream.key_slice IS
  'The slice that shows most of a lesion, as a small picture, beside its measured values; of each revision of a scan';
COMMENT ON COLUMN scanstream.key_slice.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.key_slice.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.key_slice.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.key_slice.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.key_slice.lesion_uid IS 'Pseudonym of the lesion, as of its measurements';
COMMENT ON COLUMN scanstream.key_slice.lesion_label IS 'The report''s name for the lesion';
COMMENT ON COLUMN scanstream.key_slice.volume_ml IS 'Volume, ml';
COMMENT ON COLUMN scanstream.key_slice.longest_diameter_mm IS 'Longest diameter, mm';
COMMENT ON COLUMN scanstream.key_slice.view IS 'axial, coronal or sagittal';
COMMENT ON COLUMN scanstream.key_slice.slice_number IS 'Counts from 1 from the feet, the front or the right';
COMMENT ON COLUMN scanstream.key_slice.slices IS 'Slices of the series it was drawn on';
COMMENT ON COLUMN scanstream.key_slice.area_mm2 IS 'What is outlined in this slice, mm2';
COMMENT ON COLUMN scanstream.key_slice.width IS 'Pixels across';
COMMENT ON COLUMN scanstream.key_slice.height IS 'Pixels down';
COMMENT ON COLUMN scanstream.key_slice.mm_per_pixel IS 'Size of a pixel, mm';
COMMENT ON COLUMN scanstream.key_slice.instance_uid IS 'Pseudonym of the image';
COMMENT ON COLUMN scanstream.key_slice.png IS
  'PNG, 8-bit grey: the slice around the lesion, a bright line around it, a tick of 10 mm';

GRANT SELECT ON scanstream.key_slice
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT ON core.key_slices TO scanstream_worker;
GRANT SELECT ON core.key_slices TO scanstream_gateway;
