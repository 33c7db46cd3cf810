"""What all table definitions share: names, column kinds and which hash covers a column.

Every column is covered by a hash unless marked: `row_sha256` covers what never changes, `later_sha256` that and the
columns written once afterwards (`LATER`). `UNHASHED` columns are proved in another way (times and transaction ids by
their fold, marks of the latest forecasts by recomputing). A column `ADDED` to a table that has rows counts only where
it has a value, so that rows from before keep their hash.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP
from sqlalchemy.types import UserDefinedType

SCHEMA = "core"
Table = sa.Table
LATER = {"hash": "later"}
UNHASHED = {"hash": "none"}
ADDED = {"hash": "added"}

metadata = sa.MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pk",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_uq",
        "ck": "%(table_name)s_%(constraint_name)s_ck",
    },
)


class Xid8(UserDefinedType[Any]):
    """A transaction's id that never wraps around (Postgres xid8)."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


Id = sa.Text(collation="C")
Time = TIMESTAMP(timezone=True)


def col(name: str, kind: Any, comment: str, *, null: bool = False, **more: Any) -> sa.Column[Any]:
    """A column with its comment; not null unless said."""
    return sa.Column(name, kind, nullable=null, comment=comment, **more)


def key(name: str, kind: Any, comment: str) -> sa.Column[Any]:
    """A column of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False, comment=comment)


def hashes(later: bool = False) -> list[sa.Column[Any]]:
    """The hash columns of a table; `later`: some of its columns are written once afterwards."""
    row = col("row_sha256", BYTEA, "Hash of the columns that never change", info=UNHASHED)
    if not later:
        return [row]
    return [row, col("later_sha256", BYTEA, "Hash of row_sha256 and what was written later", null=True, info=UNHASHED)]


def xact() -> sa.Column[Any]:
    """The transaction that wrote the row: all rows of one fold share it (I6)."""
    return col(
        "xact", Xid8, "Transaction that wrote the row", server_default=sa.text("pg_current_xact_id()"), info=UNHASHED
    )


def scan_revision() -> list[sa.Column[Any]]:
    """The key of whatever belongs to one revision of a scan."""
    return [key("scan_uid", Id, "Pseudonym of the study"), key("revision", sa.Integer, "Counts from 1 per scan")]
