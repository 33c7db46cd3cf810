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
