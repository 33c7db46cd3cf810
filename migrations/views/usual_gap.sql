CREATE OR REPLACE FUNCTION core.usual_gap(at timestamptz, previous_at timestamptz) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN previous_at IS NULL THEN interval '49 days'
    ELSE least(greatest(at - previous_at, interval '14 days'), interval '130 days') END $$;

COMMENT ON FUNCTION core.usual_gap IS
  'After how long the next visit is usual: as after the one before, of a first visit seven weeks';
