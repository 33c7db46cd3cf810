"""Whatever may be read without the vault: messages, logs, tables and views."""

from collections.abc import Iterator

from tests.journey.service import Service
from tests.journey.topics import messages


def everything_said(service: Service) -> Iterator[tuple[str, str]]:
    """Each place and all its text."""
    for topic, texts in messages(service.settings).items():
        yield topic, "\n".join(texts)
    for log in service.settings.run.glob("*.log"):
        yield log.name, log.read_text()
    tables = service.ask(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'core' UNION "
        "SELECT schemaname, viewname FROM pg_views WHERE schemaname = 'scanstream'"
    )
    assert len(tables) > 20
    for schema, name in tables:
        rows = service.ask(f"SELECT t::text FROM {schema}.{name} t", role="migrator")
        yield f"{schema}.{name}", "\n".join(row[0] for row in rows)
