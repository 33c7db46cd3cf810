"""How the dashboard is started: Streamlit with complete settings, behind a door."""

import gc
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from streamlit.starlette import App

from dashboard.serving.beforehand import Beforehand
from dashboard.serving.doorkeeper import Doorkeeper
from dashboard.style import THEME
from stream.settings import Settings

APP = Path(__file__).parents[1] / "app.py"
ANY_ADDRESS = ("0.0.0.0", "::")
NEW_OBJECTS = 100_000
"""After so many more than have gone Python looks for garbage. A page makes tens of thousands; by Python's own 700 all
that open pages hold is looked through again and again, a tenth of a second each time."""


def serve(settings: Settings, address: str) -> None:
    """Serve the pages at `address` until a signal comes.

    Nothing is sent home, no file outside the package is read, errors are never shown with their traceback.
    """
    names = [*settings.names_of_dashboard(), *([] if address in ANY_ADDRESS else [_in_url(address)])]
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    door = [Middleware(Doorkeeper, names=names), Middleware(Beforehand)]
    App(APP, middleware=door).run(config=_options(settings, address))


def _options(settings: Settings, address: str) -> dict[str, Any]:
    return {
        "server.headless": True,
        "server.address": address,
        "server.port": settings.dashboard_port,
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,
        **{f"theme.{name}": value for name, value in THEME.items()},
    }


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
