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
  refused text;
BEGIN
  IF reason = '' THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'Say why: a decision needs its reason.';
  END IF;
  refused := core.why_not_written(ARRAY[item, patient], who, reason);
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = refused;
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
