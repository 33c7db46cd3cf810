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
