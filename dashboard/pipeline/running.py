"""How the service runs: processes, speed, what is on the way, and room on the disks."""

import datetime as dt
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import wording
from dashboard.html_table import html_table
from dashboard.pipeline import running_words as words
from dashboard.queries import ViewReader
from dashboard.rows import ProcessRow, rows_of
from stream.disks import Disk, gibibytes
from stream.settings import standing_settings
from stream.storage.reading import pipeline
from stream.vocabulary import Status

ON_THE_WAY = (Status.RECEIVING, Status.MEASURING, Status.WAITING)
PERIODS = {"minute": "minute", "hour": "hour", "day": "24 hours"}
"""By the end of a column of scanstream.throughput."""


def running(source: ViewReader, service: pd.Series, revisions: Mapping[str, int]) -> None:
    """The whole section; `revisions`: how many of scans have each status."""
    st.subheader("How does the service run?", anchor=False)
    processes = rows_of(source.read(pipeline.PROCESSES), ProcessRow)
    disks = [
        Disk(tuple(folders), free, total)
        for folders, free, total in source.read(pipeline.DISKS).itertuples(index=False, name=None)
    ]
    throughput = source.read(pipeline.THROUGHPUT).iloc[0]
    on_the_way = sum(revisions.get(status, 0) for status in ON_THE_WAY)
    zone, now = standing_settings().zone, service.now
    said = (
        words.who(processes),
        words.speed(throughput),
        words.waiting(on_the_way, processes, service.oldest_waiting_at, now),
        words.room(disks),
    )
    with st.container(key="story-running"):
        st.text(" ".join(filter(None, said)))
    for trouble in words.troubles(processes, disks, now, zone):
        st.warning(trouble, icon=":material/warning:")
    _tables(processes, disks, throughput, now, zone)


def _tables(
    processes: Sequence[ProcessRow], disks: Sequence[Disk], throughput: pd.Series, now: dt.datetime, zone: ZoneInfo
) -> None:
    with st.container(horizontal=True, gap="medium"):
        if processes:
            st.html(html_table(process_table(processes, now, zone), "Processes"), width="content")
        st.html(html_table(speed_table(throughput), "Speed"), width="content")
        if disks:
            st.html(html_table(disk_table(disks), "Room on the disks"), width="content")


def process_table(processes: Sequence[ProcessRow], now: dt.datetime, zone: ZoneInfo) -> pd.DataFrame:
    """Processes that run and those that are missed, in words."""
    columns = {
        "Process": [process.name for process in processes],
        "State": [words.state(process, now) for process in processes],
        "Started": [wording.moment(process.started_at, zone) for process in processes],
        "Last heard": [wording.age(process.heard_at, now) for process in processes],
        "Computes on": [words.device(process.device) for process in processes],
        "Version": [process.version for process in processes],
    }
    return pd.DataFrame(columns)


def speed_table(throughput: pd.Series) -> pd.DataFrame:
    """Files received and scans applied in a minute, an hour and a day."""
    columns = {
        "In the last": list(PERIODS.values()),
        "Files received": [f"{throughput[f'files_{period}']:,}" for period in PERIODS],
        "Scans applied": [f"{throughput[f'scans_{period}']:,}" for period in PERIODS],
    }
    return pd.DataFrame(columns)


def disk_table(disks: Sequence[Disk]) -> pd.DataFrame:
    """How much room each disk has."""
    columns = {
        "Disk of": [words.folders(disk) for disk in disks],
        "Free": [gibibytes(disk.free_bytes) for disk in disks],
        "Of": [gibibytes(disk.total_bytes) for disk in disks],
    }
    return pd.DataFrame(columns)
