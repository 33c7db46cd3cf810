"""What the page Pipeline asks: what runs and how fast, what waits for a decision, where a scan is, and who sends.

Views of the schema `scanstream` only. Conditions are texts from here; what a person gave is always a value.
"""

from collections.abc import Collection

CONDITIONS = {
    "status": "status = %(status)s",
    "sender": "sender = %(sender)s",
    "modality": "%(modality)s = ANY (modality)",
    "since": "begun_at >= %(since)s",
    "until": "begun_at < %(until)s",
    "words": "(patient_id LIKE %(words)s OR scan_uid LIKE %(words)s)",
    "reason_code": "reason_code = %(reason_code)s",
}
"""What may be asked of a scan, and of what was set aside."""
PROCESSES = "SELECT * FROM scanstream.process ORDER BY name, started_at"
DISKS = "SELECT folders, free_bytes, total_bytes FROM scanstream.disk ORDER BY process, folders"
THROUGHPUT = "SELECT * FROM scanstream.throughput"
SENDERS = "SELECT * FROM scanstream.sender ORDER BY last_received_at DESC, sender"
REFUSALS = "SELECT * FROM scanstream.refusal ORDER BY last_at DESC, sender, peer, cause LIMIT 20"
SCAN = "SELECT * FROM scanstream.scan_status WHERE scan_uid = %(scan)s ORDER BY revision DESC"
UNUSED_OF_SCAN = """
SELECT DISTINCT object_kind, code, meaning, reason, revision FROM scanstream.unused u WHERE scan_uid = %(scan)s
  AND revision = (SELECT max(revision) FROM scanstream.unused m WHERE m.scan_uid = u.scan_uid) ORDER BY 1, 2"""
NEVER_A_SCAN = """
SELECT * FROM scanstream.set_aside WHERE scan_uid LIKE %(words)s AND item_id = cause
ORDER BY set_aside_at DESC, item_id LIMIT %(limit)s"""
"""Of a scan all of whose files were set aside there is no status."""
SET_ASIDE_OF_SCAN = """
SELECT * FROM scanstream.set_aside WHERE scan_uid = %(scan)s AND item_id = cause ORDER BY set_aside_at DESC, item_id"""


def scans(asked: Collection[str], oldest_first: bool) -> str:
    """Revisions of scans that fit all conditions `asked`, from `first` on; one more than `limit`, if there are more.

    They are found by their names first: what else the view says would be worked out for all those before them too.
    """
    way = "" if oldest_first else " DESC"
    where = " AND ".join(CONDITIONS[name] for name in asked) or "true"
    return f"""WITH found AS MATERIALIZED (
      SELECT scan_uid, revision FROM scanstream.scan_status WHERE {where}
      ORDER BY begun_at{way}, scan_uid{way}, revision{way} LIMIT %(limit)s + 1 OFFSET %(first)s)
    SELECT s.* FROM found f CROSS JOIN LATERAL (  -- OFFSET 0: one by one, by its name
      SELECT * FROM scanstream.scan_status s WHERE (s.scan_uid, s.revision) = (f.scan_uid, f.revision) OFFSET 0) s
    ORDER BY s.begun_at{way}, s.scan_uid{way}, s.revision{way}"""


def set_aside(asked: Collection[str], decided_too: bool) -> str:
    """What was set aside, one row for each cause, undecided first; `found`: how many there are on all pages."""
    where = [CONDITIONS[name] for name in asked] + ([] if decided_too else ["decision IS NULL"])
    return f"""SELECT *, count(*) OVER () AS found FROM scanstream.set_aside
    WHERE item_id = cause AND {" AND ".join(where) or "true"}
    ORDER BY decided_at DESC NULLS FIRST, set_aside_at DESC, item_id LIMIT %(limit)s OFFSET %(first)s"""
