"""The Postgres side: tables, facts, standing rows, views."""
