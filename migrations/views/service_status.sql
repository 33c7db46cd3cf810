CREATE OR REPLACE VIEW scanstream.service_status AS
  SELECT
    n.accepted, n.duplicate, n.set_aside,
    -- instances in no revision, or in none that has come to its end ...
    (SELECT count(*) FROM (
        SELECT instance_uid, scan_uid FROM core.ungathered
        UNION
        SELECT ri.instance_uid, ri.scan_uid
        FROM core.assembly w JOIN core.revision_instances ri ON ri.scan_uid = w.scan_uid AND ri.revision = w.revision
        WHERE w.status IN ('measuring', 'waiting') AND NOT EXISTS (
          SELECT FROM core.assembly e JOIN core.revision_instances ei
            ON ei.scan_uid = e.scan_uid AND ei.revision = e.revision AND ei.instance_uid = ri.instance_uid
          WHERE e.scan_uid = w.scan_uid AND e.status IN ('applied', 'set_aside'))) o
      -- (a scan that ends its worker while it is gathered is set aside before it has a revision)
      WHERE NOT EXISTS (
        SELECT FROM core.assembly u
        WHERE u.scan_uid = o.scan_uid AND u.status = 'set_aside' AND NOT EXISTS (
          SELECT FROM core.revisions r WHERE r.scan_uid = u.scan_uid AND r.revision = u.revision)))
    -- ... and revisions on their way that have no such instance: imported visits, those measured again, and those that a
    -- newer revision with the same files has overtaken (asked until the first such instance: few revisions have one less)
    + (SELECT count(*) FROM core.assembly w
      WHERE w.status IN ('measuring', 'waiting') AND (
        SELECT true FROM core.revision_instances ri
        WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision AND NOT EXISTS (
          SELECT FROM core.revision_instances ei
          JOIN core.assembly e ON e.scan_uid = ei.scan_uid AND e.revision = ei.revision
          WHERE ei.scan_uid = ri.scan_uid AND ei.instance_uid = ri.instance_uid
            AND e.status IN ('applied', 'set_aside'))
        LIMIT 1) IS NULL)
    AS pending,
    -- folds are numbered as they are made: the newest number is asked by the key, the latest time would go through all
    (SELECT computed_at FROM core.folds ORDER BY fold_id DESC LIMIT 1) AS last_fold_at,
    (SELECT max(last_received_at) FROM core.senders) AS last_received_at,
    (SELECT min(changed_at) FROM core.assembly WHERE status IN ('receiving', 'measuring', 'waiting'))
      AS oldest_waiting_at,
    (v.value ->> 'at')::timestamptz AS verified_at,
    (v.value ->> 'percent')::float8 AS verified_percent,
    ARRAY(SELECT json_array_elements_text(v.value -> 'failed')) AS verify_failed
  FROM (
    SELECT coalesce(sum(accepted), 0)::bigint AS accepted, coalesce(sum(duplicate), 0)::bigint AS duplicate,
      coalesce(sum(set_aside), 0)::bigint AS set_aside
    FROM core.senders) n
  LEFT JOIN (SELECT value::json FROM core.service WHERE name = 'last_verify') v ON true;

COMMENT ON VIEW scanstream.service_status IS 'Counts of files: accepted, duplicate, set aside; what is still pending';
COMMENT ON COLUMN scanstream.service_status.accepted IS 'Files accepted';
COMMENT ON COLUMN scanstream.service_status.duplicate IS 'Files that were there already';
COMMENT ON COLUMN scanstream.service_status.set_aside IS 'Files set aside';
COMMENT ON COLUMN scanstream.service_status.pending IS 'Accepted instances without an end yet, and scan revisions on their way of whose instances none is';
COMMENT ON COLUMN scanstream.service_status.last_fold_at IS 'When a timeline last moved forward';
COMMENT ON COLUMN scanstream.service_status.last_received_at IS 'When a file last arrived';
COMMENT ON COLUMN scanstream.service_status.oldest_waiting_at IS
  'Since when the revision that waits longest has not moved; null: none waits';
COMMENT ON COLUMN scanstream.service_status.verified_at IS 'When scanstream verify last ran; null: never';
COMMENT ON COLUMN scanstream.service_status.verified_percent IS 'Percent of the rows that it looked at';
COMMENT ON COLUMN scanstream.service_status.verify_failed IS 'Invariants that did not hold then';
