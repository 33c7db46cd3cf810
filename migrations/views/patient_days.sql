CREATE OR REPLACE VIEW core.patient_days AS
  SELECT v.patient_id,
    ARRAY(SELECT (u.at AT TIME ZONE z.name)::date FROM unnest(t.treated_at) WITH ORDINALITY u(at, n) ORDER BY u.n)
      AS treated_on,
    d.died_on,
    greatest((v.last_at AT TIME ZONE z.name)::date, d.alive_on) AS alive_on
  FROM (SELECT coalesce((SELECT value FROM core.service WHERE name = 'time_zone'), 'UTC') AS name) z
  CROSS JOIN (SELECT patient_id, max(at) AS last_at FROM core.visits WHERE superseded_by IS NULL GROUP BY 1) v
  LEFT JOIN (
    SELECT patient_id, array_agg(start_at ORDER BY start_at) AS treated_at
    FROM scanstream.treatments GROUP BY 1) t ON t.patient_id = v.patient_id
  LEFT JOIN (
    SELECT core.root(o.received_as) AS patient_id, min(core.local_day(o.at)) FILTER (WHERE o.event) AS died_on,
      max(core.local_day(o.at)) FILTER (WHERE NOT o.event) AS alive_on
    FROM core.outcomes o
    WHERE o.endpoint = 'death' AND NOT o.withdrawn AND NOT EXISTS (
      SELECT FROM core.outcomes n WHERE n.outcome_id = o.outcome_id AND n.revision > o.revision)
    GROUP BY 1) d ON d.patient_id = v.patient_id;

COMMENT ON VIEW core.patient_days IS
  'Calendar days of each patient with visits, in the TIME_ZONE of the service: treated, died, last known alive';
COMMENT ON COLUMN core.patient_days.patient_id IS 'Pseudonym of the patient';
COMMENT ON COLUMN core.patient_days.treated_on IS 'Days on which treatments started';
COMMENT ON COLUMN core.patient_days.died_on IS 'Day of death, as entered; null: none is known';
COMMENT ON COLUMN core.patient_days.alive_on IS 'Last day known alive: of a visit, or as entered';
