"""Whose rows the database shows: the scope of a request, task or command, set locally in every transaction.

Row-level security compares rows with these settings (see trialops.row_security). No scope, no rows. A scope is entered
here and nowhere else; it reaches the database with the first statement of each transaction, by SET LOCAL, so nothing
is left on a connection for whoever uses it next, also behind a pooler that hands connections out by transaction.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection
from psycopg.pq import TransactionStatus

SETTINGS = ("sites", "writable", "studies", "managed", "counted")
"""Sets of ids, which the policies of row-level security compare with by these names."""


@dataclass(frozen=True)
class Scope:
    """What may be read and written: everything (`system`), or what hangs on these ids.

    `sites`: whose subjects are read. `writable`: where subjects and facts are entered. `studies`: of which sites,
    memberships and status history are read. `managed`: where those are changed. `counted`: the studies whose figures,
    over all their sites, are read.
    """

    system: bool = False
    person: int = 0
    sites: frozenset[int] = frozenset()
    writable: frozenset[int] = frozenset()
    studies: frozenset[int] = frozenset()
    managed: frozenset[int] = frozenset()
    counted: frozenset[int] = frozenset()

    @classmethod
    def of_counts(cls, study: int) -> "Scope":
        """A token of the API: it counts the sites of one study, and reads no subject."""
        return cls(studies=frozenset({study}), counted=frozenset({study}))

    @property
    def statement(self) -> str:
        """SET LOCAL of every setting: no query, so that a transaction's isolation can still be chosen after it."""
        return ";".join(
            f"SET LOCAL trialops.{name} = '{value}'"
            for name, value in (
                ("scope", "system" if self.system else "person"),
                ("person", _listed([self.person])),
                *((name, _listed(getattr(self, name))) for name in SETTINGS),
            )
        )


SYSTEM = Scope(system=True)
NOBODY = Scope()
"""A stranger: sees no row of any site or subject."""

_present: ContextVar[Scope | None] = ContextVar("scope", default=None)


def _listed(ids: Iterable[int]) -> str:
    """Ids as PostgreSQL writes an array; numbers only, so nothing can be injected."""
    return "{" + ",".join(str(int(each)) for each in sorted(ids)) + "}"


def present_scope() -> Scope | None:
    """The scope that the next statement runs in."""
    return _present.get()


@contextmanager
def scoped(scope: Scope | None) -> Iterator[None]:
    """Everything inside runs in `scope`; what held before holds again after it. None leaves the connection alone."""
    token = _present.set(scope)
    try:
        yield
    finally:
        _present.reset(token)


@contextmanager
def system_scope() -> Iterator[None]:
    """For tasks, commands and what has to look beyond one person: all rows. Also a decorator."""
    with scoped(SYSTEM):
        yield


def switch_scope(scope: Scope) -> None:
    """For authentication alone: from here to the end of the enclosing scope, this one holds."""
    if _present.get() is None:
        raise RuntimeError("A scope can be switched only inside another one: a request's middleware opens it.")
    _present.set(scope)


def kept_in(scope: Scope, chunks: Iterable[Any]) -> Iterator[Any]:
    """Chunks of an answer that are made while it is sent, long after its view has returned, in the view's scope."""
    iterator = iter(chunks)
    while True:
        with scoped(scope):
            try:
                chunk = next(iterator)
            except StopIteration:
                return
        yield chunk


class ScopeOfConnection:
    """Sees to it that every statement of one connection runs in the present scope (an execute wrapper of Django).

    Inside a transaction the settings are made once, before its first statement, and again when the scope changes. A
    statement outside any transaction gets one of its own. Without a scope nothing is set, and no row is seen.
    """

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self.wrapper = wrapper
        self.applied: Scope | None = None
        self.depth = 0

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """One statement; another one may come between, asked for by whatever stands between here and the database."""
        before = self.applied
        self.depth += 1
        try:
            return self._run(lambda: execute(sql, params, many, context), rolls_back=str(sql).startswith("ROLLBACK TO"))
        finally:
            self.depth -= 1
            if self.depth and before is not None and self.applied != before:
                self._apply(before)

    def _run(self, execute: Callable[[], Any], *, rolls_back: bool) -> Any:
        raw: Connection[Any] = self.wrapper.connection
        status = raw.info.transaction_status
        if status == TransactionStatus.IDLE:
            self.applied = None
        scope = _present.get()
        if status == TransactionStatus.IDLE and raw.autocommit:
            return execute() if scope is None else self._in_its_own(scope, execute)
        if status != TransactionStatus.INERROR and scope != self.applied:
            self._apply(scope)
        try:
            return execute()
        finally:
            if rolls_back:
                self.applied = None  # the settings went back to what they were at the savepoint

    def _apply(self, scope: Scope | None) -> None:
        self._tell((scope or NOBODY).statement)
        self.applied = scope

    def _tell(self, statement: str) -> None:
        """Past Django's cursors, so that it counts as no query; its errors are Django's all the same."""
        with self.wrapper.wrap_database_errors:
            self.wrapper.connection.execute(statement.encode(), prepare=False)

    def _in_its_own(self, scope: Scope, execute: Callable[[], Any]) -> Any:
        self._tell(f"BEGIN;{scope.statement}")
        self.applied = scope
        try:
            result = execute()
        except BaseException:
            with suppress(DatabaseError):  # the connection itself may be gone
                self._tell("ROLLBACK")
            raise
        self._tell("COMMIT")
        return result


def watch_connection(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Receiver of `connection_created`: one watcher for each of Django's connections, before all other wrappers."""
    if not any(isinstance(each, ScopeOfConnection) for each in connection.execute_wrappers):
        connection.execute_wrappers.insert(0, ScopeOfConnection(connection))
