"""The table of docs/benchmarks.md, and which of its ratios must hold."""

import datetime as dt
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.door import DoorRates
from benchmarks.late import LateCosts
from benchmarks.latency import Latency
from benchmarks.processes import Memory
from benchmarks.replay import ReplayRates
from benchmarks.throughput import Throughput

FILE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: written by make bench -->", "<!-- end of what was measured -->"
TWICE = 2.0
AIMS_SECONDS = {"one SR": 2.0, "24 MR": 5.0}
"""p95 by the first words of what was measured; waiting by rule is part of it."""

REPORTS_AIM, CPU_AIM_MS = 300, 3.0


@dataclass(frozen=True)
class Ratio:
    """Our pace over another's, with the value below which `make bench` fails."""

    over: str
    value: float
    stated: float

    @property
    def holds(self) -> bool:
        """Whether it is not missed."""
        return self.value >= self.stated


def ratios(found: Throughput) -> list[Ratio]:
    """The stated ones, as low as a busy machine makes them; a change that lifts them raises these numbers."""
    return [
        Ratio("naive agent", found.ours / found.naive, 10.0),
        Ratio("bare COPY of the same rows", found.ours / found.bare_copy, 0.05),
        Ratio("bare consumption of the same messages", found.ours / found.bare_consumption, 0.001),
    ]


def door_ratios(found: DoorRates) -> list[Ratio]:
    """Files a second through the door of a gateway alone."""
    return [
        Ratio("dcmtk's receiver and one fsync of file and folder", found.one / found.bare.rate, 0.25),
        Ratio("one association", found.four / found.one, 1.2),
    ]


def replay_ratios(found: ReplayRates) -> list[Ratio]:
    """A mass replay over its limits; and the usual latency over that beside one: half means twice as long."""
    return [
        Ratio("bare model step of the same timepoints", found.ours / found.bare_model, 0.15),
        Ratio("bare COPY of a replay's rows", found.ours / found.bare_copy, 0.15),
        Ratio("usual latency beside a mass replay", 1 / found.slower, 0.5),
    ]


def write(
    started: dt.datetime,
    load: float,
    latencies: Sequence[Latency],
    doors: DoorRates,
    found: Throughput,
    replayed: ReplayRates,
    lates: Sequence[LateCosts],
    costs: Mapping[str, float],
    starts: Mapping[str, float],
    memories: Mapping[str, Memory],
) -> str:
    """Put what was measured into docs/benchmarks.md, between its marks; returns the text.

    `load` is the machine's load average before the start.
    """
    lines = [
        _machine(started, load),
        "",
        *_latency_table(latencies),
        "",
        *_door_table(doors),
        "",
        *_throughput_table(found),
        "",
        *_replay_table(replayed),
        "",
        *_late_table(lates),
        "",
        *_safeguards_table(costs),
        "",
        *_process_table(starts, memories),
    ]
    text = "\n".join(lines)
    before, _, rest = FILE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    return text


def _machine(started: dt.datetime, load: float) -> str:
    names = [line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "faust-streaming", "aiokafka", "psycopg"))
    return (
        f"{started:%Y-%m-%d %H:%M} UTC · {os.cpu_count()} cores ({names[0] if names else platform.machine()}), "
        f"{memory:.0f} GiB, load {load:.1f} before the start · Linux {platform.release()} · "
        f"Python {platform.python_version()}, {versions} · Postgres and Kafka embedded, everything durable"
    )


def _latency_table(latencies: Sequence[Latency]) -> Iterator[str]:
    yield "| last instance acknowledged → visible | other traffic | scans | p50 s | p95 s | waiting by rule | aim |"
    yield "|---|---|---|---|---|---|---|"
    for one in latencies:
        aim = next(seconds for words, seconds in AIMS_SECONDS.items() if one.what.startswith(words))
        p95 = one.percentile(95)
        rule = f"{one.waiting_by_rule:g} s" if one.waiting_by_rule else "none"
        yield (
            f"| {one.what} | {one.traffic} | {len(one.seconds)} | {one.percentile(50):.2f} | {p95:.2f} | {rule} "
            f"| p95 ≤ {aim:g} s: {'met' if p95 <= aim else 'missed'} |"
        )


def _door_table(found: DoorRates) -> Iterator[str]:
    bare, over_one = door_ratios(found)
    yield "| through the door, a second | | over | ratio | stated | aim |"
    yield "|---|---|---|---|---|---|"
    rows = (
        ("CT slices of 527 KB, one association", found.one, bare, 0.8),
        ("the same, four associations at once", found.four, over_one, 1.5),
    )
    for what, rate, ratio, aim in rows:
        stated = f"≥ {ratio.stated:g}{'' if ratio.holds else ', missed'}"
        met = "met" if ratio.value >= aim else "missed"
        yield f"| {what} | {rate:,.0f} | {ratio.over} | {ratio.value:.2f} | {stated} | ≥ {aim:g}: {met} |"
    yield f"| dcmtk's receiver and one fsync of file and folder | {found.bare.rate:,.0f} | | | | |"
    four = found.bare_four.rate
    over = four / found.bare.rate
    yield f"| the same, four associations at once | {four:,.0f} | its one association | {over:.2f} | | |"
    yield f"| CT slices into a service at work, one association | {found.served:,.0f} | | | | |"
    met = "met" if found.reports >= REPORTS_AIM else "missed"
    yield f"| reports of 2 KB, one association | {found.reports:,.0f} | | | | ≥ {REPORTS_AIM}: {met} |"
    met = "met" if found.cpu_ms <= CPU_AIM_MS else "missed"
    whose = f"{found.user_ms:.1f} its own, {found.system_ms:.1f} the system's"
    yield f"| processor time of the gateway, ms a slice | {found.cpu_ms:.1f}: {whose} | | | | ≤ {CPU_AIM_MS:g}: {met} |"
    whose = f"{found.bare.user_ms:.1f} its own, {found.bare.system_ms:.1f} the system's"
    yield f"| the same of dcmtk's receiver and its fsyncs | {sum(found.bare[1:]):.1f}: {whose} | | | | |"
    yield f"| making a file on that disk, ms | {found.making_ms:.3f} | | | | |"


def _throughput_table(found: Throughput) -> Iterator[str]:
    yield "| timepoints per second | | ours over it | stated |"
    yield "|---|---|---|---|"
    yield f"| Kafka → Faust → LSTM → Postgres, ours | {found.ours:,.0f} | | |"
    yield f"| the same, two workers | {found.two_workers:,.0f} | {found.ours / found.two_workers:.3g} | |"
    rates = (found.naive, found.bare_copy, found.bare_consumption)
    for rate, ratio in zip(rates, ratios(found), strict=True):
        verdict = "" if ratio.holds else ", missed"
        yield f"| {ratio.over} | {rate:,.0f} | {ratio.value:.3g} | ≥ {ratio.stated:g}{verdict} |"


def _replay_table(found: ReplayRates) -> Iterator[str]:
    yield f"| mass replay of {found.timepoints:,} timepoints, a second | | ours over it | stated |"
    yield "|---|---|---|---|"
    yield f"| for new weights, ours | {found.ours:,.0f} | | |"
    for rate, ratio in zip((found.bare_model, found.bare_copy), replay_ratios(found), strict=False):
        verdict = "" if ratio.holds else ", missed"
        yield f"| {ratio.over} | {rate:,.0f} | {ratio.value:.3g} | ≥ {ratio.stated:g}{verdict} |"
    yield ""
    yield "| last instance acknowledged → visible | other traffic | scans | p50 s | p95 s | aim |"
    yield "|---|---|---|---|---|---|"
    aim = f"p50 ≤ {TWICE:g} × the usual: {'met' if found.slower <= TWICE else 'missed'}"
    for one, said in ((found.usual, ""), (found.beside, aim)):
        percentiles = f"{one.percentile(50):.2f} | {one.percentile(95):.2f}"
        yield f"| {one.what} | {one.traffic} | {len(one.seconds)} | {percentiles} | {said} |"


def _late_table(lates: Sequence[LateCosts]) -> Iterator[str]:
    yield "| scans on the timeline | a scan belongs before | ms a patient | over steps in order | whole over it |"
    yield "|---|---|---|---|---|"
    for one in lates:
        ratios = f"{one.late / one.in_order:.2f} | {one.whole / one.late:.1f}"
        yield f"| {one.length} | the last {one.depth} | {one.late:.1f} | {ratios} |"


def _safeguards_table(costs: Mapping[str, float]) -> Iterator[str]:
    yield "| a fold with safeguards | ms a timepoint |"
    yield "|---|---|"
    for way, milliseconds in costs.items():
        yield f"| {way} | {milliseconds:.3f} |"


def _process_table(starts: Mapping[str, float], memories: Mapping[str, Memory]) -> Iterator[str]:
    yield "| process | start s | RSS MiB | PSS MiB |"
    yield "|---|---|---|---|"
    for part, seconds in starts.items():
        used = memories.get(part)
        yield f"| {part} | {seconds:.1f} | {f'{used.rss:.0f} | {used.pss:.0f}' if used else ' | '} |"
