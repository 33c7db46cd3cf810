"""What keeps a role that only reads from holding up the service; statements of an administrator, safe to repeat.

Rights to views keep readers from data. These keep them from what every account of a Postgres may do by itself: take the
locks that our own parts wait for, fill the disk with large objects, temp tables and messages in the log of changes, use
up all connections, stay in a transaction for hours.
"""

CONNECTIONS = {"dashboard": 30, "reader": 20, "auditor": 5, "vault": 5}
"""The most that a role may have at once; gateway, workers and migrator have what is left."""
OURS = ("migrator", "gateway", "worker")
"""Roles whose parts take locks by number and make temp tables."""

_BY_NUMBER = r"""
DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
    AND proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$|pg_logical_emit_message$)'
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO OURS', f);
  END LOOP;
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO OURS', current_database());
END $$;
"""
_OWN_DEFAULTS = """\
ALTER ROLE {role} RESET ALL;
DO $$ BEGIN EXECUTE format('ALTER ROLE {role} IN DATABASE %I RESET ALL', current_database()); END $$;
"""  # whoever logs in as a role may change its defaults for all others who do
_WATCHDOG = "GRANT pg_signal_backend TO scanstream_worker;\n"  # ends what blocks others (blocking.py)


def statements() -> str:
    """SQL for the service's database, in which its roles are known already."""
    ours = ", ".join(map(_name, OURS))
    limits = (
        _OWN_DEFAULTS.format(role=_name(role)) + f"ALTER ROLE {_name(role)} CONNECTION LIMIT {limit};\n"
        f"ALTER ROLE {_name(role)} SET statement_timeout = '5min';\n"
        f"ALTER ROLE {_name(role)} SET idle_in_transaction_session_timeout = '5min';\n"
        f"ALTER ROLE {_name(role)} SET temp_file_limit = '4GB';\n"
        for role, limit in CONNECTIONS.items()
    )
    return _BY_NUMBER.replace("OURS", ours) + "".join(limits) + _WATCHDOG


def _name(role: str) -> str:
    return f"scanstream_{role}"
