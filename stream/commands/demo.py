"""The command demo: everything on this machine with a simulated cohort."""

from typing import Annotated

import typer

from stream.errors import CannotStart
from stream.settings import Settings, load_settings

PORTS = {"dicom_port": "DICOM", "dashboard_port": "Dashboard"}


def register(app: typer.Typer) -> None:
    """Add demo."""
    app.command(epilog="Example: scanstream demo --once")(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the last forecast is stored and checked.")] = False,
    patients: Annotated[int, typer.Option(min=1, help="How many simulated patients.")] = 40,
) -> None:
    """Everything on this machine with a simulated cohort, until Ctrl-C."""
    settings = _settings_of_demo()

    from stream.simulated.demo import run

    run(settings, patients, once)


def _settings_of_demo() -> Settings:
    """A folder of the demo's own and ports that are free, unless they were chosen."""
    settings = load_settings()
    own: dict[str, object] = {}
    if "data_dir" not in settings.model_fields_set:
        own["data_dir"] = settings.data_dir / "demo"
    for name, what in PORTS.items():
        if name not in settings.model_fields_set:
            own[name] = _free(getattr(settings, name), what)
    return load_settings(**own)


def _free(port: int, what: str) -> int:
    """`port`, or another one where it is in use, and says so."""
    from stream.endpoints import check_port, free_port

    try:
        check_port("127.0.0.1", port, "")
    except CannotStart:
        other = free_port()
        print(f"Port {port} is in use: {what} listens on {other} instead.")
        return other
    return port
