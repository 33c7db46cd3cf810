"""Commands that run the service, whole or one part of it; each imports what it runs only when called."""

import os
import sys
from typing import Annotated

import typer

from stream import crash, logs
from stream.settings import Settings, load_settings


def register(app: typer.Typer) -> None:
    """Add up, gateway, worker and dashboard."""
    app.command(epilog="Example: SCANSTREAM_DATA_DIR=/srv/scanstream scanstream up")(up)
    app.command(epilog="Example: SCANSTREAM_DICOM_HOST=0.0.0.0 scanstream gateway")(gateway)
    app.command(epilog="Example: SCANSTREAM_DEVICE=cuda scanstream worker")(worker)
    app.command(epilog="Example: scanstream dashboard --host 0.0.0.0")(dashboard)


def up() -> None:
    """The service: gateway, workers and dashboard, each restarted when it ends, until Ctrl-C.

    Postgres and Kafka run embedded unless SCANSTREAM_DATABASE_URL and SCANSTREAM_KAFKA_BOOTSTRAP_SERVERS are set.
    """
    settings = load_settings()
    logs.setup("up")

    from stream.local.service import running
    from stream.local.supervisor import Stopped

    try:
        with running(settings) as supervisor:
            _say_ready(settings)
            supervisor.watch()
    except Stopped:
        logs.event("stopped_while_starting")


def gateway() -> None:
    """The DICOM door alone: accepts by C-STORE, also while Kafka and Postgres are away."""
    settings = load_settings()
    logs.setup("gateway")
    crash.arm(settings.crash_at)

    from stream.endpoints import check_port
    from stream.wiring.gateway import run_gateway

    check_port(settings.dicom_host, settings.dicom_port, "SCANSTREAM_DICOM_PORT")
    run_gateway(settings)


def worker() -> None:
    """One worker alone: assembles, measures and forecasts."""
    settings = load_settings()
    logs.setup("worker")
    crash.arm(settings.crash_at)

    from stream.endpoints import kafka_login
    from stream.publisher import check_kafka, ensure_topics

    login = kafka_login(settings, "worker")
    check_kafka(login)
    ensure_topics(login, settings.partitions)

    from stream.storage.database import check_schema

    check_schema(settings)

    from stream.wiring.worker import run_worker

    run_worker(settings)


def dashboard(host: Annotated[str, typer.Option(help="Address to listen on; all with 0.0.0.0.")] = "127.0.0.1") -> None:
    """The dashboard alone."""
    settings = load_settings()

    from stream.endpoints import check_port

    check_port(host, settings.dashboard_port, "SCANSTREAM_DASHBOARD_PORT")
    # by its name: the pages read from this package, which knows nothing of them
    os.execve(sys.executable, [sys.executable, "-m", "dashboard", "--host", host], settings.environment())


def _say_ready(settings: Settings) -> None:
    print(f"ScanStream is up. Dashboard: http://127.0.0.1:{settings.dashboard_port}")
    print(f"DICOM: {settings.dicom_ae_title} at {settings.dicom_host}:{settings.dicom_port}")
    print("Ctrl-C stops all.", flush=True)
