-- Runs with its owner's rights, so that a reader needs no right on any table.
CREATE OR REPLACE FUNCTION scanstream.response_as_of(day timestamptz) RETURNS SETOF scanstream.response
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = core, pg_temp AS $$
  SELECT r.patient_id, r.line, r.at, r.revision, r.scan_uid, r.category, r.sum_of_diameters, r.baseline_sum,
    r.nadir_sum, r.target_category, r.non_target_category, r.new_lesions, r.percent_from_baseline,
    r.percent_from_nadir, r.nadir_at, r.best_overall, r.confirmed, r.trace, r.criterion, r.computed_at,
    r.superseded_at, r.superseded_because
  FROM responses r
  WHERE r.computed_at <= day AND day < coalesce(r.superseded_at, 'infinity') $$;

COMMENT ON FUNCTION scanstream.response_as_of IS 'response as it stood at a moment';
