"""Postgres and Kafka on this machine without containers, as direct children of a supervisor."""

from dataclasses import replace

from stream.endpoints import choose_endpoints, load_endpoints, save_endpoints
from stream.local.embedded import kafka, postgres
from stream.local.supervisor import Supervisor
from stream.settings import Settings


def start_embedded(supervisor: Supervisor, settings: Settings) -> None:
    """Start whichever of Postgres and Kafka has no address in the settings, and wait until they answer.

    Afterwards `stream.endpoints` knows their addresses, and the roles and the empty database exist.
    Raises CannotStart.
    """
    chosen = choose_endpoints()
    endpoints = load_endpoints(settings) or chosen
    if not endpoints.kafka_passwords:  # chosen by a version whose Kafka asked nobody who they are
        endpoints = replace(endpoints, kafka_passwords=chosen.kafka_passwords)
    if not settings.database_url:
        socket_folder = postgres.prepare(settings.data_dir, endpoints)
        endpoints = replace(endpoints, postgres_socket=socket_folder, postgres_port=settings.postgres_port)
    save_endpoints(settings, endpoints)
    parts = []
    if not settings.kafka_bootstrap_servers:
        parts.append(kafka.part(settings.data_dir, endpoints))
    if not settings.database_url:
        parts.append(postgres.part(settings.data_dir, endpoints))
    supervisor.start(*parts)
    if not settings.database_url:
        postgres.make_roles(endpoints)
