"""The command `scanstream`: every module of stream.commands adds its own; errors become exit codes here only."""

import pkgutil
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from stream import commands
from stream.errors import AnswerIsNo, CannotStart, WrongUse
from stream.terminal.help import GroupedHelp, group_commands

EXIT_CODES = {AnswerIsNo: 1, WrongUse: 2, CannotStart: 3}

HELP = "Follow-up scans in, standing forecasts out. Settings: SCANSTREAM_* in the environment or in .env."


def _print_version(asked: bool) -> None:
    if asked:
        print(f"scanstream {version('scanstream')}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The application with the commands of every module in stream.commands."""
    app = typer.Typer(
        name="scanstream",
        cls=GroupedHelp,
        callback=_main,
        help=HELP,
        epilog="Example: scanstream demo",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for module in pkgutil.iter_modules(commands.__path__):
        import_module(f"{commands.__name__}.{module.name}").register(app)
    group_commands(app)
    return app


def _main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What stands before any command."""


def main() -> None:
    """Run the command line; a user's mistake ends with one sentence on stderr and an exit code.

    See docs/interfaces.md 2.
    """
    try:
        build_app()()
    except tuple(EXIT_CODES) as error:
        print(f"scanstream: {error}", file=sys.stderr)
        sys.exit(EXIT_CODES[type(error)])


if __name__ == "__main__":
    main()
