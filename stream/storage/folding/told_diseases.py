"""The diseases that clinical facts say, as `Timeline.disease_of` takes them, for queries over many timelines."""

TOLD_DISEASES = """told AS MATERIALIZED (
  SELECT DISTINCT ON (c.root) c.root AS patient_id,
    CASE json_typeof(c.disease) WHEN 'string' THEN nullif(c.disease #>> '{}', '') END AS disease
  FROM (
    SELECT CASE WHEN a.patient_id IS NULL THEN c.received_as ELSE core.root(c.received_as) END COLLATE "C" AS root,
      c.received_as, c.facts -> 'disease' AS disease
    FROM core.clinical c LEFT JOIN core.aliases a ON a.patient_id = c.received_as
    WHERE NOT EXISTS (
      SELECT FROM core.clinical n WHERE n.received_as = c.received_as AND n.revision > c.revision)) c
  WHERE c.disease IS NOT NULL
  ORDER BY c.root, c.received_as = c.root DESC, c.received_as DESC)"""
"""patient_id of a timeline, disease; of merged records the timeline's own says it, else the last by its id."""
