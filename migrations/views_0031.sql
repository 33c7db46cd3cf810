CREATE OR REPLACE VIEW scanstream.refusal AS
  SELECT calling_ae AS sender, peer, cause, reason, times, first_at, last_at FROM core.refusals;

COMMENT ON VIEW scanstream.refusal IS 'Senders that were not let in at the DICOM port, and why';
COMMENT ON COLUMN scanstream.refusal.sender IS 'AE title that called; empty: none was said, or many were';
COMMENT ON COLUMN scanstream.refusal.peer IS 'Its address; empty: many';
COMMENT ON COLUMN scanstream.refusal.cause IS 'Why it was not let in, as a code';
COMMENT ON COLUMN scanstream.refusal.reason IS 'Why, in words';
COMMENT ON COLUMN scanstream.refusal.times IS 'How often';
COMMENT ON COLUMN scanstream.refusal.first_at IS 'When first';
COMMENT ON COLUMN scanstream.refusal.last_at IS 'When last';

GRANT SELECT ON scanstream.refusal
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT, UPDATE, DELETE ON core.refusals TO scanstream_gateway;
GRANT SELECT ON core.refusals TO scanstream_worker;
