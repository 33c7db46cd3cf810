"""`instances` → scans: gathers instances until a scan is complete, and announces its revision."""

import datetime as dt
from collections.abc import Sequence

from stream.agents.decoding import set_aside_unreadable
from stream.agents.executor import Announcement, Hand
from stream.crash import reach
from stream.messages import Letter
from stream.services.assembling import assembly
from stream.services.assembling.completeness import Rules
from stream.services.recovery.suspects import Item
from stream.services.recovery.sweep import sweep
from stream.storage.database import Connection


class Assemble:
    """The agent of topic `instances`, and its clock: what is due fires without a message."""

    def __init__(self, hand: Hand, rules: Rules, final_after: dt.timedelta) -> None:
        self._hand = hand
        self._rules = rules
        self._final_after = final_after

    async def handle(self, letters: Sequence[Letter]) -> None:
        """Bring the named scans' assembly into line."""
        readable, problems = set_aside_unreadable(letters, Letter.scan_uids)
        await self._hand.do(problems)
        await self._gather([uid for uids in readable for uid in uids])

    async def tick(self) -> None:
        """Fire what has waited long enough."""
        found = await self._hand.do(lambda connection: assembly.overdue(connection, _now()))
        if found:
            reach("assemble.due")
        await self._gather(found)

    async def sweep(self) -> None:
        """Ring again for whatever has waited too long."""
        found = await self._hand.do(lambda connection: sweep(connection, _now(), self._final_after))
        if found is None:
            return
        messages: list[Announcement] = [("instances", key, {"scan_uid": uid}) for uid, key in found.instances]
        messages += [("scans", key, {"scan_uid": uid, "revision": number}) for uid, number, key in found.scans]
        messages += [("timepoints", key, {"scan_uid": uid, "revision": n}) for uid, n, key in found.timepoints]
        messages += [("patient-events", key, {"kind": "bell", "received_as": key}) for key in found.patients]
        if messages:
            reach("sweep.found")
            await self._hand.announce(messages)
            reach("sweep.rung")

    async def _gather(self, scan_uids: Sequence[str]) -> None:
        if not scan_uids:
            return

        def work(connection: Connection, items: Sequence[Item]) -> list[assembly.Fired]:
            return assembly.gather(connection, [item.id for item in items], self._rules, _now())

        async for fired in self._hand.take([Item("scan", uid) for uid in scan_uids], work):
            await self._hand.announce(
                (one.topic, one.received_as, {"scan_uid": one.scan_uid, "revision": one.revision}) for one in fired
            )
            if fired:
                reach("assemble.announced")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
