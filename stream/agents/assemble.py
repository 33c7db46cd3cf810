"""`instances` → scans: gathers instances until a scan is complete, and announces its revision."""

import datetime as dt
from collections.abc import Sequence

from stream.agents.decoding import set_aside_unreadable
from stream.agents.executor import Announcement, Executor
from stream.crash import reach
from stream.messages import Letter
from stream.services.assembling import assembly
from stream.services.assembling.completeness import Rules
from stream.services.recovery.sweep import sweep
from stream.storage.database import Connection
from stream.storage.intake.suspects import WorkItem


class Assemble:
    """The agent of topic `instances`, and its clock: what is due fires without a message."""

    def __init__(self, executor: Executor, rules: Rules, final_after: dt.timedelta) -> None:
        self._executor = executor
        self._rules = rules
        self._final_after = final_after

    async def handle(self, letters: Sequence[Letter]) -> None:
        """Bring the named scans' assembly into line."""
        readable, problems = set_aside_unreadable(letters, Letter.scan_uids)
        await self._executor.do(problems)
        await self._gather([uid for uids in readable for uid in uids])

    async def tick(self) -> None:
        """Fire what has waited long enough."""
        overdue = await self._executor.do(lambda connection: assembly.overdue(connection, _now()))
        if overdue:
            reach("assemble.due")
        await self._gather(overdue)

    async def sweep(self) -> None:
        """Ring again for whatever has waited too long."""
        late = await self._executor.do(lambda connection: sweep(connection, _now(), self._final_after))
        if late is None:
            return
        messages: list[Announcement] = [("instances", key, {"scan_uid": uid}) for uid, key in late.instances]
        messages += [("scans", key, {"scan_uid": uid, "revision": number}) for uid, number, key in late.scans]
        messages += [("timepoints", key, {"scan_uid": uid, "revision": n}) for uid, n, key in late.timepoints]
        messages += [("patient-events", key, {"kind": "bell", "received_as": key}) for key in late.patients]
        if messages:
            reach("sweep.found")
            await self._executor.announce(messages)
            reach("sweep.rung")

    async def _gather(self, scan_uids: Sequence[str]) -> None:
        if not scan_uids:
            return

        def work(connection: Connection, items: Sequence[WorkItem]) -> list[assembly.RevisionBell]:
            return assembly.gather(connection, [item.id for item in items], self._rules, _now())

        async for revisions in self._executor.take([WorkItem("scan", uid) for uid in scan_uids], work):
            await self._executor.announce(
                (each.topic, each.received_as, {"scan_uid": each.scan_uid, "revision": each.revision})
                for each in revisions
            )
            if revisions:
                reach("assemble.announced")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
