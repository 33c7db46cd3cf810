CREATE OR REPLACE VIEW scanstream.model_card AS
  SELECT w.model, w.weights_version, a.since AS active_since,
    coalesce((
      SELECT jsonb_agg(jsonb_build_object('endpoint', l.endpoint, 'disease', l.disease, 'since', l.since)
        ORDER BY l.endpoint, l.disease)
      FROM core.leads l WHERE l.weights_version = w.weights_version AND l.until IS NULL), '[]') AS leads,
    w.card::jsonb #- '{training_data,patient_sha256}' AS card
  FROM core.weights w
  JOIN core.active_weights a ON a.weights_version = w.weights_version AND a.until IS NULL;

COMMENT ON VIEW scanstream.model_card IS 'Weights in service: what they lead, and what their card says';
COMMENT ON COLUMN scanstream.model_card.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.model_card.weights_version IS 'sha256 of the weights';
COMMENT ON COLUMN scanstream.model_card.active_since IS 'In service since';
COMMENT ON COLUMN scanstream.model_card.leads IS 'Endpoints and diseases for which they lead now';
COMMENT ON COLUMN scanstream.model_card.card IS 'The card, without hashes of patients';
