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
