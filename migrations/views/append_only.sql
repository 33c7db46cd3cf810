CREATE OR REPLACE FUNCTION core.append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;

CREATE OR REPLACE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON core.audit
FOR EACH ROW EXECUTE FUNCTION core.append_only();
