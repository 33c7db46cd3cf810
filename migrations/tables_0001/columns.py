"""How the tables of version 0001 are written down: kinds of columns, tables and indexes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[str]):
    """A transaction's id that never wraps around (Postgres xid8)."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in Postgres."""
        return "xid8"


TEXT, ID = sa.Text(), sa.Text(collation="C")
INT, BIGINT, BOOL = sa.Integer(), sa.BigInteger(), sa.Boolean()
FLOAT: sa.DOUBLE_PRECISION[float] = sa.DOUBLE_PRECISION()
TIME, BYTES, JSON, XID = postgresql.TIMESTAMP(timezone=True), postgresql.BYTEA(), postgresql.JSON(), Xid8()


Column = Callable[[], sa.Column[Any]]
"""Makes the column anew for every database that is migrated."""


def col(name: str, kind: Any, comment: str, *, null: bool = False, **more: Any) -> Column:
    """A column with its comment; not null unless said."""
    return lambda: sa.Column(name, kind, nullable=null, comment=comment, autoincrement=False, **more)


def counted(name: str, comment: str) -> Column:
    """A column that numbers the rows."""
    return lambda: sa.Column(name, BIGINT, sa.Identity(always=True), nullable=False, comment=comment)


ROW = col("row_sha256", BYTES, "Hash of the columns that never change")
LATER = col("later_sha256", BYTES, "Hash of row_sha256 and what was written later", null=True)
XACT = col("xact", XID, "Transaction that wrote the row", server_default=sa.text("pg_current_xact_id()"))


@dataclass(frozen=True)
class Index:
    """An index; unique where its name ends with _uq."""

    name: str
    columns: Sequence[str]
    where: str | None = None
    nulls_distinct: bool = True


@dataclass(frozen=True)
class Table:
    """A table with its primary key, named constraints (`unique`: columns, `check`: a condition) and indexes."""

    name: str
    comment: str
    columns: Sequence[Column]
    key: Sequence[str] = ()
    unique: tuple[str, Sequence[str]] | None = None
    check: tuple[str, str] | None = None
    indexes: Sequence[Index] = ()
    schema: str = "core"

    def make(self) -> None:
        """Create it in the database that is migrated."""
        constraints: list[sa.Constraint] = []
        if self.key:
            constraints.append(sa.PrimaryKeyConstraint(*self.key, name=op.f(f"{self.name}_pk")))
        if self.unique:
            constraints.append(sa.UniqueConstraint(*self.unique[1], name=op.f(self.unique[0])))
        if self.check:
            constraints.append(sa.CheckConstraint(self.check[1], name=op.f(self.check[0])))
        columns = [make() for make in self.columns]
        op.create_table(self.name, *columns, *constraints, schema=self.schema, comment=self.comment)
        for index in self.indexes:
            op.create_index(
                index.name,
                self.name,
                list(index.columns),
                unique=index.name.endswith("_uq"),
                schema=self.schema,
                postgresql_where=sa.text(index.where) if index.where else None,
                postgresql_nulls_not_distinct=None if index.nulls_distinct else True,
            )
