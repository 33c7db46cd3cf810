CREATE OR REPLACE VIEW scanstream.leads AS
  SELECT l.endpoint, l.disease, w.model, l.weights_version, l.since, l.until
  FROM core.leads l JOIN core.weights w ON w.weights_version = l.weights_version;

COMMENT ON VIEW scanstream.leads IS 'Which weights led, for which endpoint and disease, and when';
COMMENT ON COLUMN scanstream.leads.endpoint IS 'What is forecast';
COMMENT ON COLUMN scanstream.leads.disease IS 'Disease of the scan';
COMMENT ON COLUMN scanstream.leads.model IS 'Name of the model';
COMMENT ON COLUMN scanstream.leads.weights_version IS 'sha256 of the weights';
COMMENT ON COLUMN scanstream.leads.since IS 'From when on they lead';
COMMENT ON COLUMN scanstream.leads.until IS 'Until when they led; null: they lead';
