-- Three beats may be missed.
CREATE OR REPLACE FUNCTION core.is_heard(at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN at > now() - interval '30 seconds';

COMMENT ON FUNCTION core.is_heard IS 'Whether a process that was last heard at this time runs, as far as is known';

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

CREATE OR REPLACE VIEW scanstream.disk AS
  SELECT p.name AS process, ARRAY(SELECT json_array_elements_text(d.value -> 'folders')) AS folders,
    (d.value ->> 'free_bytes')::bigint AS free_bytes, (d.value ->> 'total_bytes')::bigint AS total_bytes
  FROM core.processes p
  CROSS JOIN json_array_elements(p.disks) d
  WHERE core.is_heard(p.heard_at);

COMMENT ON VIEW scanstream.disk IS 'File systems that running processes write to, and how much room they have';
COMMENT ON COLUMN scanstream.disk.process IS 'Process that says it';
COMMENT ON COLUMN scanstream.disk.folders IS 'What of the service lies there: spool, archive, postgres, kafka';
COMMENT ON COLUMN scanstream.disk.free_bytes IS 'Bytes that are free';
COMMENT ON COLUMN scanstream.disk.total_bytes IS 'Bytes that it holds';

CREATE OR REPLACE VIEW scanstream.throughput AS
  SELECT f.*, s.*
  FROM (
    SELECT count(*) FILTER (WHERE received_at > now() - interval '1 minute') AS files_minute,
      count(*) FILTER (WHERE received_at > now() - interval '1 hour') AS files_hour, count(*) AS files_day
    FROM core.receipts WHERE received_at > now() - interval '1 day') f
  CROSS JOIN (
    SELECT count(DISTINCT id) FILTER (WHERE placed_at > now() - interval '1 minute') AS scans_minute,
      count(DISTINCT id) FILTER (WHERE placed_at > now() - interval '1 hour') AS scans_hour,
      count(DISTINCT id) AS scans_day
    FROM core.placements WHERE kind = 'scan' AND placed_at > now() - interval '1 day') s;

COMMENT ON VIEW scanstream.throughput IS
  'How many files were received and scans placed on a timeline in the last minute, hour and day';
COMMENT ON COLUMN scanstream.throughput.files_minute IS 'Files received in the last minute, duplicates included';
COMMENT ON COLUMN scanstream.throughput.files_hour IS 'Files received in the last hour';
COMMENT ON COLUMN scanstream.throughput.files_day IS 'Files received in the last 24 hours';
COMMENT ON COLUMN scanstream.throughput.scans_minute IS 'Scans that came to stand on a timeline in the last minute';
COMMENT ON COLUMN scanstream.throughput.scans_hour IS 'Scans that came to stand on a timeline in the last hour';
COMMENT ON COLUMN scanstream.throughput.scans_day IS 'Scans that came to stand on a timeline in the last 24 hours';

-- Every transaction that writes takes one number (xid), one that says that a process runs as well, and that one counts
-- itself. So the next number less all beats stays where it was exactly while nothing but beats was committed; what is
-- under way stands beside it, for a number may be taken long before its commit.
CREATE OR REPLACE VIEW scanstream.pulse AS
  SELECT concat_ws(':',
    pg_snapshot_xmax(s)::text::numeric - (SELECT coalesce(sum(beats), 0) FROM core.processes),
    (SELECT string_agg(x::text, ',') FROM pg_snapshot_xip(s) x)) AS changes
  FROM pg_current_snapshot() s;

COMMENT ON VIEW scanstream.pulse IS 'Whether anything changed since it was last asked';
COMMENT ON COLUMN scanstream.pulse.changes IS
  'Another text whenever anything was committed but that a process still runs';

GRANT SELECT ON scanstream.process, scanstream.disk, scanstream.throughput, scanstream.pulse
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT, UPDATE, DELETE ON core.processes TO scanstream_gateway, scanstream_worker;
