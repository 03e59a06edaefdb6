"""nbgrader's Gradebook for a process that opens it often: its SQL is worked out once a database."""

from __future__ import annotations

from functools import lru_cache

from nbgrader.api import Base, Gradebook
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import Column, Engine, MetaData, NullPool, String, Table, create_engine, insert, inspect
from sqlalchemy.orm import scoped_session, sessionmaker

COURSE = "default_course"  # nbgrader's own
VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))


class Reopened(Gradebook):  # type: ignore[misc]
    """nbgrader's own makes an engine at each opening, which works out every statement anew, asks of each
    table whether it is there, and for a new gradebook has another process say of which version they are."""

    def __init__(self, db_url: str) -> None:
        self.engine = _engine(db_url)
        self.db = scoped_session(sessionmaker(autoflush=True, bind=self.engine, future=True))
        self.course_id, self.authenticator = COURSE, None
        connection = self.db.connection()
        known = set(inspect(connection).get_table_names())
        if not Base.metadata.tables.keys() <= known:
            Base.metadata.create_all(connection)
        if not known:
            VERSION.create(connection)
            connection.execute(insert(VERSION).values(version_num=_version()))
        self.check_course(COURSE)


def _version() -> str | None:
    """The version of nbgrader's tables, by which it would bring older ones up to date."""
    from alembic.script import ScriptDirectory  # slow, and for a new gradebook alone

    return ScriptDirectory(ALEMBIC_DIR).get_current_head()


@lru_cache(8)
def _engine(db_url: str) -> Engine:
    """An engine holds statements as text, and no connection while nothing is asked.

    So what is kept here for the whole process knows nothing of the database itself: the file may be
    restored or made anew, the process may fork, and two may have one open, as with an engine each.
    """
    return create_engine(db_url, poolclass=NullPool)
