"""RECIST 1.1 for one line once more, written plainly from the paper in whole 1e-6 mm, sharing no code.

For lesions marked at the baseline, with codes and numbers, fragments and merged ones.
"""

from models.criteria.finding import LesionFinding, LesionRole, LesionState
from models.criteria.visit import Assessment

MM = 10**6
Row = tuple[str, str | None, str | None, int, int | None]
"""Category, that of targets, that of non-targets, number of new lesions, sum."""


def size_of(finding: LesionFinding, node: bool) -> int | None:
    diameter = finding.short_axis_mm if node else finding.long_axis_mm
    if finding.state is LesionState.GONE:
        return 0
    if finding.state is LesionState.TOO_SMALL:
        return 5 * MM
    return round(diameter * MM) if finding.state is LesionState.MEASURED and diameter is not None else None


def is_there(finding: LesionFinding, node: bool) -> bool | None:
    if finding.state is LesionState.PRESENT:
        return True
    size = size_of(finding, node)
    if finding.state is LesionState.MEASURED and size is None and not node:
        return True
    return None if size is None else (size >= 10 * MM if node else size > 0)


def rows(baseline: Assessment, later: list[Assessment]) -> list[Row]:
    targets = {f.lesion_uid: f.node for f in baseline.findings if f.role is LesionRole.TARGET}
    others = {
        f.lesion_uid: f.node
        for f in baseline.findings
        if f.role is LesionRole.NON_TARGET or (f.role is None and is_there(f, f.node) is not False)
    }
    start = [size_of(f, f.node) for f in baseline.findings if f.lesion_uid in targets]
    first = None if None in start or not start else sum(s for s in start if s is not None)
    sums = [] if first is None else [first]
    parent: dict[str, str] = {}
    new: set[str] = set()
    cr = target_back = other_back = False
    found: list[Row] = []
    for visit in later:
        named = {f.lesion_uid: f for f in visit.findings}
        parent.update({f.lesion_uid: f.split_from for f in visit.findings if f.split_from})
        sizes: dict[str, int | None] = {}
        there: dict[str, bool | None] = {}
        worse: dict[str, bool] = {}
        everything = {**targets, **others, **{uid: f.node for uid, f in named.items() if uid not in parent}}
        for uid, node in everything.items():
            parts = [child for child in parent if parent[child] == uid]
            said = [named.get(part) for part in parts] + ([named[uid]] if uid in named else [])
            if not parts and uid not in named:
                said = [None]
            values: list[int | None] = [None if f is None else size_of(f, node) for f in said]
            seen: list[bool | None] = [None if f is None else is_there(f, node) for f in said]
            if uid in named and not parts and values == [None] and named[uid].merged_into:
                other = named.get(str(named[uid].merged_into))
                beside = None if other is None else is_there(other, everything[other.lesion_uid])
                values, seen = [None if beside is None else 0], [beside]
            if parts and uid in named and values[-1] is None:
                values.pop()
            whole = None if None in values else sum(v for v in values if v is not None)
            sizes[uid] = whole
            if any(seen):
                there[uid] = True
            elif whole is not None:
                there[uid] = whole >= 10 * MM if node else whole > 0
            else:
                there[uid] = None if None in seen else False
            worse[uid] = any(f.progressed for f in said if f is not None)
        for uid in everything:
            known_lesion = uid in targets or uid in others
            if not known_lesion and there[uid] and not named[uid].merged_into:
                new.add(uid)
            elif there[uid] is False:
                new.discard(uid)
        if cr:
            target_back = target_back or any(there[uid] for uid in targets)
            other_back = other_back or any(there[uid] for uid in others)
        complete = bool(targets) and all(sizes[uid] is not None for uid in targets)
        evaluated = sum(sizes[uid] or 0 for uid in targets)
        up = bool(sums) and 5 * evaluated >= 6 * min(sums) and evaluated >= min(sums) + 5 * MM
        if not targets:
            target = None
        elif target_back:
            target = "PD"
        elif first is None:
            target = "NE"
        elif not complete:
            target = "PD" if up else "NE"
        elif all(there[uid] is False for uid in targets):
            target = "CR"
        elif up:
            target = "PD"
        else:
            target = "PR" if 10 * evaluated <= 7 * first else "SD"
        if not others:
            other_category = None
        elif other_back or any(worse[uid] for uid in others):
            other_category = "PD"
        elif any(there[uid] is None for uid in others):
            other_category = "NE"
        else:
            other_category = "Non-CR/Non-PD" if any(there[uid] for uid in others) else "CR"
        if new or target == "PD" or other_category == "PD":
            category = "PD"
        elif target is None:
            category = other_category or "NE"
        elif target == "CR":
            category = "CR" if other_category in (None, "CR") else "PR"
        else:
            category = target
        cr = cr or category == "CR"
        if complete:
            sums.append(evaluated)
        found.append((category, target, other_category, len(new), evaluated if complete else None))
    return found
