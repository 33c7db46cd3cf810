CREATE OR REPLACE VIEW scanstream.process AS
  SELECT p.name, p.part, p.device, p.version, p.started_at, p.heard_at, core.is_heard(p.heard_at) AS is_heard, p.spooled
  FROM core.processes p
  WHERE p.heard_at > now() - interval '1 day';

COMMENT ON VIEW scanstream.process IS 'Processes that run, and those that went within a day without having ended in order';
COMMENT ON COLUMN scanstream.process.name IS 'What it is called: gateway, worker-1';
COMMENT ON COLUMN scanstream.process.part IS 'gateway or worker';
COMMENT ON COLUMN scanstream.process.device IS 'cpu or the name of its GPU; null: it computes nothing';
COMMENT ON COLUMN scanstream.process.version IS 'Version of the code that it runs';
COMMENT ON COLUMN scanstream.process.started_at IS 'When it started';
COMMENT ON COLUMN scanstream.process.heard_at IS 'When it last said that it runs';
COMMENT ON COLUMN scanstream.process.is_heard IS 'Whether that was within the last 30 seconds';
COMMENT ON COLUMN scanstream.process.spooled IS 'Records of what it accepted and has not handed over; null: it accepts nothing';
