CREATE OR REPLACE VIEW scanstream.service_status AS
  SELECT
    n.accepted, n.duplicate, n.set_aside,
    -- instances in no revision that has come to its end ...
    -- (counted one by one only of scans that no such revision has all files of, which are few)
    (SELECT coalesce(sum((
        SELECT count(*) FROM core.instances i
        WHERE i.scan_uid = o.scan_uid AND NOT EXISTS (
          SELECT FROM core.revision_instances ri
          JOIN core.assembly w ON w.scan_uid = ri.scan_uid AND w.revision = ri.revision
          WHERE ri.scan_uid = i.scan_uid AND ri.instance_uid = i.instance_uid
            AND w.status IN ('applied', 'set_aside')))), 0)::bigint
      FROM (SELECT scan_uid, count(*) AS files FROM core.instances GROUP BY 1) o
      LEFT JOIN (
        SELECT m.scan_uid, max(m.files) AS files
        FROM (SELECT scan_uid, revision, count(*) AS files FROM core.revision_instances GROUP BY 1, 2) m
        JOIN core.assembly w ON w.scan_uid = m.scan_uid AND w.revision = m.revision
        WHERE w.status IN ('applied', 'set_aside') GROUP BY 1) e ON e.scan_uid = o.scan_uid
      WHERE e.files IS DISTINCT FROM o.files
      -- (a scan that ends its worker while it is gathered is set aside before it has a revision)
      AND NOT EXISTS (
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
    SELECT count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
      count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
      count(*) FILTER (WHERE outcome = 'set_aside') AS set_aside
    FROM core.receipts) n
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
