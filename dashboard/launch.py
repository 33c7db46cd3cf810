"""How the dashboard is started: the complete command line for Streamlit."""

from pathlib import Path

from dashboard.style import THEME
from stream.settings import Settings

APP = Path(__file__).with_name("app.py")


def arguments(settings: Settings, address: str) -> list[str]:
    """What follows the interpreter: `[sys.executable, *arguments(settings, "127.0.0.1")]` serves the pages there.

    Nothing is sent home, no file outside the package is read, errors are never shown with their traceback.
    """
    options = {
        "server.headless": "true",
        "server.address": address,
        "server.port": str(settings.dashboard_port),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "runner.magicEnabled": "false",
        "runner.postScriptGC": "false",
        **{f"theme.{name}": value for name, value in THEME.items()},
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return ["-m", "streamlit", "run", str(APP), *words]
