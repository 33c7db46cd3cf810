"""Another process of a replay, started by the one that replays (stream.services.recovery.replay_processes)."""

import sys

from stream import crash
from stream.errors import CannotStart, EndsWorker
from stream.services.recovery.replay_processes import take_part
from stream.settings import load_settings
from stream.wiring.replaying import replaying


def main() -> None:
    """Take part until stdin ends; what cannot be gone on with is said by the one that replays, which meets it too."""
    settings = load_settings()
    crash.arm(settings.crash_at)
    try:
        with replaying(settings) as (connection, reconciler, _):
            take_part(sys.stdin.buffer, sys.stdout.buffer, connection, reconciler)
    except (CannotStart, EndsWorker, BrokenPipeError):
        sys.exit(3)


if __name__ == "__main__":
    main()
