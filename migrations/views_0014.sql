CREATE OR REPLACE VIEW core.set_aside_kinds AS
  SELECT k.item_id, k.kind,
    CASE
      WHEN k.kind = 'row' THEN 'A row of a table cannot be released: correct the table and import it again.'
      WHEN k.kind = 'identity event' THEN
        'It was refused so that those behind it could go on: ask for it again.'
      WHEN k.kind = 'message' AND k.reason_code <> 'killed_worker' THEN
        'Its bytes were not kept, so a message cannot be released: have its sender publish it again.'
    END AS why_not
  FROM (
    SELECT i.item_id, i.reason_code,
      CASE
        WHEN i.revision IS NOT NULL THEN 'revision'
        WHEN i.sha256 IS NOT NULL THEN
          CASE WHEN EXISTS (SELECT FROM core.receipts r WHERE r.sha256 = i.sha256) THEN 'file' ELSE 'message' END
        WHEN i.patient_id IS NOT NULL THEN 'timeline'
        WHEN i.reason_code = 'killed_worker' THEN 'identity event'
        ELSE 'row'
      END AS kind
    FROM core.set_asides i) k;

COMMENT ON VIEW core.set_aside_kinds IS 'What each item is that was set aside, and whether it can be released';
COMMENT ON COLUMN core.set_aside_kinds.item_id IS 'Names the item';
COMMENT ON COLUMN core.set_aside_kinds.kind IS
  'file, revision, message, timeline, row (of an imported table) or identity event';
COMMENT ON COLUMN core.set_aside_kinds.why_not IS
  'Why it cannot be released, and what to do; null: it can (a message that ended workers may come again)';
-- The rule of stream/timeline/digest.py: compact JSON, of which to_json writes each value as Python does. A time has to
-- come as its microseconds, bytes as hex.
CREATE OR REPLACE FUNCTION core.digest(VARIADIC parts json[]) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(convert_to('[' || string_agg(coalesce(part::text, 'null'), ',' ORDER BY place) || ']', 'UTF8'))
  FROM unnest(parts) WITH ORDINALITY AS p(part, place)
$$;

COMMENT ON FUNCTION core.digest IS 'Hash of a row that a function of SQL writes';
CREATE OR REPLACE FUNCTION core.microseconds(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (extract(epoch FROM at) * 1000000)::bigint
$$;

COMMENT ON FUNCTION core.microseconds IS 'A time as it is hashed: microseconds since 1970 in UTC';
-- The same chain as stream/storage/audit.py writes, under the same lock (stream/storage/locks.py), which is the last.
CREATE OR REPLACE FUNCTION core.write_audit(who text, what text, subject text, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, core, pg_temp AS $$
DECLARE
  before bytea;
  seq bigint;
  at timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(4713);
  SELECT a.digest INTO before FROM core.audit a ORDER BY a.seq DESC LIMIT 1;
  seq := nextval(pg_get_serial_sequence('core.audit', 'seq'));
  at := clock_timestamp();
  INSERT INTO core.audit (seq, at, who, what, subject, why, digest) OVERRIDING SYSTEM VALUE
  VALUES (seq, at, who, what, subject, why, core.digest(
    to_json(coalesce(encode(before, 'hex'), '')), to_json(seq), to_json(core.microseconds(at)), to_json(who),
    to_json(what), to_json(subject), to_json(why), NULL));
END $$;

COMMENT ON FUNCTION core.write_audit IS 'Log in this transaction who did what to what, and why';
-- Runs with its owner's rights: whoever may decide writes here, and nowhere else.
CREATE OR REPLACE FUNCTION core.wish(
  item text, decision text, why text, by_whom text, patient text, acquired text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, core, pg_temp AS $$
DECLARE
  aside record;
  waits core.wishes;
  who text := coalesce(nullif(btrim(by_whom), ''), session_user);
  reason text := btrim(coalesce(why, ''));
  number int;
  at timestamptz := clock_timestamp();
BEGIN
  IF reason = '' THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'Say why: a decision needs its reason.';
  END IF;
  SELECT i.*, k.why_not INTO aside FROM core.set_asides i JOIN core.set_aside_kinds k USING (item_id)
  WHERE i.item_id = item FOR UPDATE OF i;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = format('No item %s: scanstream.set_aside names them.', item);
  ELSIF aside.decision IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = format('%s %s it already, at %s UTC.',
      aside.decided_by, aside.decision, to_char(aside.decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
  ELSIF decision = 'released' AND aside.why_not IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = aside.why_not;
  END IF;
  SELECT w.* INTO waits FROM core.wishes w WHERE w.item_id = item AND w.answered_at IS NULL;
  IF waits.item_id IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = format('%s wants it %s since %s UTC: wait for the answer.',
      waits.wanted_by, waits.decision, to_char(waits.wanted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
  ELSIF patient IS NOT NULL AND NOT EXISTS (SELECT FROM core.scans s WHERE s.received_as = patient)
    AND NOT EXISTS (SELECT FROM core.heads h WHERE h.patient_id = patient) THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'No such patient is known here: give a pseudonym.';
  END IF;
  SELECT coalesce(max(w.number), 0) + 1 INTO number FROM core.wishes w WHERE w.item_id = item;
  INSERT INTO core.wishes
    (item_id, number, decision, patient_id, acquired, wanted_by, login, why, wanted_at, row_sha256)
  VALUES (item, number, decision, patient, acquired, who, session_user, reason, at, core.digest(
    to_json('wishes'::text), to_json(item), to_json(number), to_json(decision), to_json(patient), to_json(acquired),
    to_json(who), to_json(session_user::text), to_json(reason), to_json(core.microseconds(at))));
  PERFORM core.write_audit(who,
    CASE decision WHEN 'released' THEN 'want release of set-aside' ELSE 'want reject of set-aside' END, item, reason);
  NOTIFY scanstream_wishes;
  RETURN 'Wanted. What comes of it stands in scanstream.set_aside.';
END $$;

COMMENT ON FUNCTION core.wish IS 'Write down what a person wants done with what was set aside; the gateway does it';
-- `acquired` is a timestamp, so that Postgres itself refuses what is no day of the calendar.
CREATE OR REPLACE FUNCTION scanstream.release(
  item_id text, reason text, by_whom text DEFAULT NULL, patient_id text DEFAULT NULL, acquired timestamp DEFAULT NULL)
RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT core.wish(item_id, 'released', reason, by_whom, patient_id, to_char(acquired, 'YYYY-MM-DD"T"HH24:MI'))
$$;

COMMENT ON FUNCTION scanstream.release IS
  'Let what was set aside, and all of its cause, count as if nothing had been wrong: reason in your words, by_whom your '
  'name (else the login), patient_id whose it is, acquired when it was taken, on the clock of the site';
CREATE OR REPLACE FUNCTION scanstream.reject(item_id text, reason text, by_whom text DEFAULT NULL)
RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT core.wish(item_id, 'rejected', reason, by_whom, NULL, NULL)
$$;

COMMENT ON FUNCTION scanstream.reject IS
  'Let what was set aside, and all of its cause, stay aside for good: reason in your words, by_whom your name (else the '
  'login)';
CREATE OR REPLACE VIEW scanstream.set_aside AS
  SELECT i.item_id, i.scan_uid, i.revision,
    core.root(coalesce(a.patient_id, s.received_as, i.patient_id)) AS patient_id, i.reason_code,
    i.reason, i.set_aside_at, i.decision, i.decided_at, first_value(i.item_id) OVER of_one_cause AS cause,
    (count(*) OVER of_one_cause)::int AS files,
    k.kind, k.why_not, i.decided_by,
    coalesce(
      (SELECT o.calling_ae FROM core.receipts r JOIN core.associations o USING (association_id)
        WHERE r.sha256 = i.sha256 ORDER BY r.received_at LIMIT 1),
      (SELECT o.calling_ae FROM core.receipts r JOIN core.associations o USING (association_id)
        WHERE r.scan_uid = i.scan_uid ORDER BY r.received_at LIMIT 1)) AS sender,
    w.decision AS wanted, w.wanted_by, w.wanted_at, w.why AS wanted_because, w.answered_at, w.answer
  FROM core.set_asides i
  JOIN core.set_aside_kinds k ON k.item_id = i.item_id
  LEFT JOIN core.scans s ON s.scan_uid = i.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = i.scan_uid
  LEFT JOIN LATERAL (
    SELECT * FROM core.wishes n WHERE n.item_id = i.item_id ORDER BY n.number DESC LIMIT 1) w ON true
  -- what has no scan, or is no file, has a cause of its own
  WINDOW of_one_cause AS (
    PARTITION BY i.reason_code, i.reason, i.scan_uid, i.decision,
      CASE WHEN i.scan_uid IS NULL OR i.revision IS NOT NULL THEN i.item_id END
    ORDER BY i.set_aside_at, i.item_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);

COMMENT ON VIEW scanstream.set_aside IS 'What was kept but not processed, and why';
COMMENT ON COLUMN scanstream.set_aside.item_id IS 'Names the item';
COMMENT ON COLUMN scanstream.set_aside.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.set_aside.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.set_aside.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.set_aside.reason_code IS 'Why it was set aside, as a code';
COMMENT ON COLUMN scanstream.set_aside.reason IS 'Why, in words';
COMMENT ON COLUMN scanstream.set_aside.set_aside_at IS 'When it was set aside';
COMMENT ON COLUMN scanstream.set_aside.decision IS 'released or rejected; null: nobody decided yet';
COMMENT ON COLUMN scanstream.set_aside.decided_at IS 'When it was decided';
COMMENT ON COLUMN scanstream.set_aside.cause IS
  'First item of the same scan that was set aside for the same reason: one decision is about all of them';
COMMENT ON COLUMN scanstream.set_aside.files IS 'How many items have this cause';
COMMENT ON COLUMN scanstream.set_aside.kind IS
  'file, revision, message, timeline, row (of an imported table) or identity event';
COMMENT ON COLUMN scanstream.set_aside.why_not IS 'Why it cannot be released, and what to do; null: it can';
COMMENT ON COLUMN scanstream.set_aside.decided_by IS 'Who decided';
COMMENT ON COLUMN scanstream.set_aside.sender IS 'AE title that sent it';
COMMENT ON COLUMN scanstream.set_aside.wanted IS
  'released or rejected: what somebody wanted last by scanstream.release or scanstream.reject';
COMMENT ON COLUMN scanstream.set_aside.wanted_by IS 'Who wanted it';
COMMENT ON COLUMN scanstream.set_aside.wanted_at IS 'Since when';
COMMENT ON COLUMN scanstream.set_aside.wanted_because IS 'Why, in their words';
COMMENT ON COLUMN scanstream.set_aside.answered_at IS 'When it was done or refused; null: it waits for the gateway';
COMMENT ON COLUMN scanstream.set_aside.answer IS 'done, or why it was not done';
CREATE OR REPLACE VIEW scanstream.scan_status AS
  SELECT w.scan_uid, w.revision, core.root(coalesce(a.patient_id, s.received_as)) AS patient_id,
    -- before the revision is made, of all instances of the scan that have come so far
    coalesce(w.modality, ARRAY(
      SELECT DISTINCT i.modality FROM core.instances i WHERE i.scan_uid = w.scan_uid ORDER BY i.modality)) AS modality,
    -- before the revision is made, all instances of the scan that have come so far
    CASE
      WHEN r.scan_uid IS NULL THEN (SELECT count(*)::int FROM core.instances i WHERE i.scan_uid = w.scan_uid)
      ELSE (
        SELECT count(*)::int FROM core.revision_instances ri
        WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision)
    END AS instances,
    CASE
      WHEN d.decision = 'rejected' THEN 'rejected'
      WHEN g.fold_id IS NULL OR w.status = 'set_aside' THEN w.status
      WHEN p.id IS NOT NULL THEN 'applied'
      ELSE coalesce((
        SELECT j.kind FROM core.standing_rejections j
        WHERE j.scan_uid = w.scan_uid AND j.revision >= w.revision
        ORDER BY j.revision LIMIT 1), 'superseded')
    END AS status,
    w.reason_code,
    coalesce(
      w.reason,
      nullif(concat_ws('; ', f.note, CASE WHEN r.dated_apart IS NOT NULL THEN format(
        'of another day than the scan: image %s', array_to_string(r.dated_apart, ', ')) END), ''),
      CASE WHEN p.id IS NOT NULL AND NOT EXISTS (
        SELECT FROM core.states t WHERE t.scan_uid = w.scan_uid AND t.superseded_by IS NULL)
      THEN CASE WHEN EXISTS (
        SELECT FROM core.visits v
        WHERE v.patient_id = p.patient_id AND v.superseded_by IS NULL AND p.id = ANY (v.scans) AND v.scan_uid <> p.id)
      THEN 'counts with a later scan of the same visit' ELSE 'no model applies' END END) AS reason,
    coalesce(r.completeness, w.completeness) AS completeness,
    r.final_at IS NULL AS provisional,
    coalesce(r.accepted_at, w.changed_at) AS accepted_at,
    o.computed_at AS applied_at,
    r.acquired_at,
    core.scan_clock(r.acquired_at, r.utc_offset_minutes) AS acquired_local,
    (SELECT o.calling_ae FROM core.receipts c JOIN core.associations o USING (association_id)
      WHERE c.scan_uid = w.scan_uid ORDER BY c.received_at LIMIT 1) AS sender,
    w.begun_at,
    (SELECT c.received_at FROM core.receipts c WHERE c.scan_uid = w.scan_uid ORDER BY c.received_at LIMIT 1)
      AS received_at,
    w.measured_at
  FROM core.assembly w
  JOIN core.scans s ON s.scan_uid = w.scan_uid
  LEFT JOIN core.assignments a ON a.scan_uid = w.scan_uid
  LEFT JOIN core.revisions r ON r.scan_uid = w.scan_uid AND r.revision = w.revision
  -- a scan may have features of its image beside these: one row for each scan all the same
  LEFT JOIN core.features f ON f.scan_uid = w.scan_uid AND f.revision = w.revision
    AND f.feature_version = 'measurements-1'
  LEFT JOIN core.ledger g ON g.kind = 'scan' AND g.id = w.scan_uid AND g.revision = w.revision
  LEFT JOIN core.folds o ON o.fold_id = g.fold_id
  LEFT JOIN core.placements p ON p.kind = 'scan' AND p.id = w.scan_uid AND p.revision = w.revision
    AND p.ended_by IS NULL
  LEFT JOIN LATERAL (
    SELECT i.decision FROM core.set_asides i
    WHERE i.scan_uid = w.scan_uid AND i.revision = w.revision
    ORDER BY i.set_aside_at DESC LIMIT 1) d ON true;

COMMENT ON VIEW scanstream.scan_status IS 'How far each revision of each scan has come';
COMMENT ON COLUMN scanstream.scan_status.scan_uid IS 'Pseudonym of the scan (study)';
COMMENT ON COLUMN scanstream.scan_status.revision IS 'Revision of the scan, counts from 1';
COMMENT ON COLUMN scanstream.scan_status.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN scanstream.scan_status.modality IS 'Sorted list of the modalities in the revision';
COMMENT ON COLUMN scanstream.scan_status.instances IS 'Number of instances in the revision';
COMMENT ON COLUMN scanstream.scan_status.status IS
  'receiving, measuring, waiting, applied, superseded, rejected, retracted or set_aside';
COMMENT ON COLUMN scanstream.scan_status.reason_code IS 'Why it was set aside, as a code';
COMMENT ON COLUMN scanstream.scan_status.reason IS 'Why, in words';
COMMENT ON COLUMN scanstream.scan_status.completeness IS 'Why the scan was taken as complete';
COMMENT ON COLUMN scanstream.scan_status.provisional IS 'True until the scan revision is final';
COMMENT ON COLUMN scanstream.scan_status.accepted_at IS 'When the revision was accepted';
COMMENT ON COLUMN scanstream.scan_status.applied_at IS 'When it first counted on the timeline';
COMMENT ON COLUMN scanstream.scan_status.acquired_at IS 'When the scan was acquired';
COMMENT ON COLUMN scanstream.scan_status.acquired_local IS 'What the clock showed then in the zone of the scan';
COMMENT ON COLUMN scanstream.scan_status.sender IS 'AE title that sent its first file; null: imported from a table';
COMMENT ON COLUMN scanstream.scan_status.begun_at IS 'When the first of the revision was there';
COMMENT ON COLUMN scanstream.scan_status.received_at IS 'When the first file of the scan was received';
COMMENT ON COLUMN scanstream.scan_status.measured_at IS
  'When it was measured; null: it was not, or before that was noted';
CREATE OR REPLACE VIEW scanstream.service_status AS
  SELECT
    n.accepted, n.duplicate, n.set_aside,
    -- instances in no revision that has come to its end ...
    (SELECT count(*) FROM core.instances i
      WHERE NOT EXISTS (
        SELECT FROM core.revision_instances ri
        JOIN core.assembly w ON w.scan_uid = ri.scan_uid AND w.revision = ri.revision
        WHERE ri.scan_uid = i.scan_uid AND ri.instance_uid = i.instance_uid AND w.status IN ('applied', 'set_aside'))
      -- (a scan that ends its worker while it is gathered is set aside before it has a revision)
      AND NOT EXISTS (
        SELECT FROM core.assembly u
        WHERE u.scan_uid = i.scan_uid AND u.status = 'set_aside' AND NOT EXISTS (
          SELECT FROM core.revisions r WHERE r.scan_uid = u.scan_uid AND r.revision = u.revision)))
    -- ... and revisions without instances, such as imported visits, that have not
    + (SELECT count(*) FROM core.assembly w
      WHERE w.status IN ('measuring', 'waiting') AND NOT EXISTS (
        SELECT FROM core.revision_instances ri WHERE ri.scan_uid = w.scan_uid AND ri.revision = w.revision))
    AS pending,
    (SELECT max(computed_at) FROM core.folds) AS last_fold_at,
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

COMMENT ON VIEW scanstream.service_status IS 'Counts of files: accepted, duplicate, set aside; instances still pending';
COMMENT ON COLUMN scanstream.service_status.accepted IS 'Files accepted';
COMMENT ON COLUMN scanstream.service_status.duplicate IS 'Files that were there already';
COMMENT ON COLUMN scanstream.service_status.set_aside IS 'Files set aside';
COMMENT ON COLUMN scanstream.service_status.pending IS 'Accepted instances without an end yet';
COMMENT ON COLUMN scanstream.service_status.last_fold_at IS 'When a timeline last moved forward';
COMMENT ON COLUMN scanstream.service_status.last_received_at IS 'When a file last arrived';
COMMENT ON COLUMN scanstream.service_status.oldest_waiting_at IS
  'Since when the revision that waits longest has not moved; null: none waits';
COMMENT ON COLUMN scanstream.service_status.verified_at IS 'When scanstream verify last ran; null: never';
COMMENT ON COLUMN scanstream.service_status.verified_percent IS 'Percent of the rows that it looked at';
COMMENT ON COLUMN scanstream.service_status.verify_failed IS 'Invariants that did not hold then';
CREATE OR REPLACE VIEW scanstream.sender AS
  SELECT calling_ae AS sender, peer, files, first_received_at, last_received_at FROM core.senders;

COMMENT ON VIEW scanstream.sender IS 'Who sends files, and since when nothing more came';
COMMENT ON COLUMN scanstream.sender.sender IS 'AE title that called';
COMMENT ON COLUMN scanstream.sender.peer IS 'Its address at the last file';
COMMENT ON COLUMN scanstream.sender.files IS 'How many files it was told success for';
COMMENT ON COLUMN scanstream.sender.first_received_at IS 'When its first file was received';
COMMENT ON COLUMN scanstream.sender.last_received_at IS 'When its last file was received';

REVOKE EXECUTE ON FUNCTION core.digest, core.microseconds, core.write_audit, core.wish, scanstream.release,
  scanstream.reject FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scanstream.release, scanstream.reject TO scanstream_dashboard;
GRANT SELECT ON core.set_aside_kinds TO scanstream_gateway, scanstream_worker;
GRANT SELECT, UPDATE ON core.wishes TO scanstream_gateway;
GRANT SELECT ON core.wishes TO scanstream_worker;
GRANT DELETE ON core.suspects TO scanstream_gateway;
GRANT SELECT, INSERT, UPDATE ON core.senders TO scanstream_gateway;
GRANT SELECT ON core.senders TO scanstream_worker;
GRANT SELECT ON scanstream.sender
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
