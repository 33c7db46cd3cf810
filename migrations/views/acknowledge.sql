-- Runs with its owner's rights: who calls it may write nothing else.
CREATE OR REPLACE FUNCTION scanstream.acknowledge(patient text, who text, note text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = core, pg_temp AS $$
DECLARE now_at timestamptz; id text := gen_random_uuid(); refused text;
BEGIN
  IF coalesce(btrim(who), '') = '' OR coalesce(btrim(note), '') = '' THEN
    RAISE EXCEPTION 'Say who you are and what you noted.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  refused := core.why_not_written(ARRAY[patient], who, note);
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = refused;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(4711); -- then the head: the order of stream/storage/locks.py
  PERFORM FROM heads h JOIN worklist w USING (patient_id) WHERE h.patient_id = patient FOR UPDATE OF h;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Nothing is known of the patient %.', patient USING ERRCODE = 'invalid_parameter_value';
  END IF;
  now_at := clock_timestamp();
  INSERT INTO acknowledgements (acknowledgement_id, patient_id, at, by, note, row_sha256)
  VALUES (id, patient, now_at, btrim(who), btrim(note), digest(
    to_json('acknowledgements'::text), to_json(id), to_json(patient), to_json(microseconds(now_at)), to_json(btrim(who)),
    to_json(btrim(note))));
  PERFORM refresh_worklist(ARRAY[patient]);
  PERFORM write_audit(btrim(who), 'acknowledge', patient, btrim(note));
  RETURN now_at;
END $$;

COMMENT ON FUNCTION scanstream.acknowledge IS
  'Note that somebody has seen what is new of a patient; it is written down who did, when and what they noted';
