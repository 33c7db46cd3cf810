-- The cards of the weights in service, without the hashes of the patients they were trained on.

CREATE VIEW scanstream.model_card AS
  SELECT w.model, w.weights_version, a.since AS active_since,
    coalesce((SELECT jsonb_agg(jsonb_build_object('endpoint', l.endpoint, 'disease', l.disease, 'since', l.since)
      ORDER BY l.endpoint, l.disease) FROM core.leads l WHERE l.weights_version = w.weights_version AND l.until IS NULL),
      '[]') AS leads,
    w.card::jsonb #- '{training_data,patient_sha256}' AS card
  FROM core.weights w JOIN core.active_weights a ON a.weights_version = w.weights_version AND a.until IS NULL;

COMMENT ON VIEW scanstream.model_card IS 'Weights in service: what they lead, and what their card says';

DO $$
DECLARE c record; word jsonb := '{
  "model": "Name of the model", "weights_version": "sha256 of the weights", "active_since": "In service since",
  "leads": "Endpoints and diseases for which they lead now", "card": "The card, without hashes of patients"}';
BEGIN
  FOR c IN SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'scanstream' AND table_name = 'model_card' LOOP
    EXECUTE format('COMMENT ON COLUMN scanstream.model_card.%I IS %L', c.column_name, word ->> c.column_name);
  END LOOP;
END $$;

GRANT SELECT ON scanstream.model_card
  TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
