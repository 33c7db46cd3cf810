"""The slowest files at the end of a run, so that one sees where the time of `make test` goes."""

from collections import Counter

import pytest

SHOWN = 10
TELLING_SECONDS = 60.0
"""A run that took less in all has nothing to tell."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    if sum(seconds.values()) < TELLING_SECONDS:
        return
    terminalreporter.section(f"slowest {SHOWN} files")
    for file, duration in seconds.most_common(SHOWN):
        terminalreporter.write_line(f"{duration:7.1f} s  {file}")
