-- Who may do what: the gateway brings facts in, the worker derives, all others read views.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA core TO scanstream_gateway, scanstream_worker, scanstream_auditor;
GRANT USAGE ON SCHEMA vault TO scanstream_gateway, scanstream_vault;
GRANT USAGE ON SCHEMA scanstream TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT ON ALL TABLES IN SCHEMA scanstream TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA vault TO scanstream_gateway;
GRANT SELECT ON ALL TABLES IN SCHEMA vault TO scanstream_vault;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA core TO scanstream_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA core TO scanstream_gateway;
GRANT INSERT ON core.instances, core.scans, core.revisions, core.features, core.measurements, core.set_asides,
  core.treatments, core.clinical, core.outcomes, core.assembly, core.associations, core.receipts TO scanstream_gateway;
GRANT UPDATE ON core.scans, core.associations, core.assembly TO scanstream_gateway;
REVOKE UPDATE ON core.audit FROM scanstream_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA core TO scanstream_worker;
GRANT SELECT ON core.audit TO scanstream_auditor;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA scanstream FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA scanstream TO scanstream_gateway, scanstream_worker, scanstream_dashboard, scanstream_reader, scanstream_vault;
DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO scanstream_worker', current_database()); END $$;
