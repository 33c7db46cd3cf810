"""How the help of `scanstream` is grouped: by what people come to do, in the order in which they come to it."""

from typing import Any

import typer
from typer.core import TyperGroup
from typer.models import CommandInfo, TyperInfo

PANELS = {
    "Run": ("demo", "up", "gateway", "worker", "dashboard", "doctor"),
    "Send": ("send", "import", "peers"),
    "Ask": ("status", "risk", "response", "explain", "export"),
    "Decide": ("set-aside", "lesions", "baseline", "reject", "restore", "move", "merge", "unmerge"),
    "Models": ("model", "train", "evaluate"),
    "Keep": ("verify", "replay", "db", "kafka"),
}
"""Heading to commands."""


class GroupedHelp(TyperGroup):
    """Lists its commands as PANELS has them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Names of commands, as the help shows them."""
        return [name for names in PANELS.values() for name in names]

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """A wrong value is told without the kind of error that the library puts before it."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


def group_commands(app: typer.Typer) -> None:
    """Give each command and group of `app` its heading."""
    panel_of = {name: panel for panel, names in PANELS.items() for name in names}
    infos: list[CommandInfo | TyperInfo] = [*app.registered_commands, *app.registered_groups]
    for info in infos:
        info.rich_help_panel = panel_of[str(info.name or getattr(info.callback, "__name__", ""))]
