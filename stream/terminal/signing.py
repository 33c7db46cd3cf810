"""Who gives a command, and why in their words: both are kept for ever, and may name no patient."""

import getpass
from typing import TYPE_CHECKING

from stream.errors import WrongUse
from stream.settings import Settings
from stream.terminal.questions import ask

if TYPE_CHECKING:
    from stream.services.accepting.decisions import SignOff


def signed(settings: Settings, by: str | None, why: str | None, *about: str | None, role: str = "worker") -> "SignOff":
    """Who decides (`by`, else the user of this machine) and why; `about`: what it is said of, by pseudonym.

    WrongUse, with nothing kept, where one of them tells who a patient is; CannotStart where Postgres cannot be asked.
    """
    from stream.services.accepting.decisions import SignOff
    from stream.storage.patients.naming import why_not_written

    who = by or getpass.getuser()
    named = [one for one in about if one is not None]
    if refused := ask(settings, role, lambda connection: why_not_written(connection, named, who, why)):
        raise WrongUse(refused)
    return SignOff(who, why)
