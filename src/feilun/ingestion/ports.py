"""The ports that rooms above fill: whoever owns a kind of record implements `RecordHandler`; `entrypoints` registers it."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from feilun.ingestion.contracts import ApplyContext, MappedRow, Outcome, PersonDetails, RecordKind, Rejection
from feilun.platform.db import UnitOfWork


class RecordHandler(Protocol):
    """Owned by intake, implemented by the room that owns the record."""

    @property
    def name(self) -> str:
        """The record kind's name."""
        ...

    def describe(self, uow: UnitOfWork) -> RecordKind:
        """Return fields and options; custom fields included, hence the unit of work."""
        ...

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        """Judge one row by itself (pure, fast: called for every row and in the preview)."""
        ...

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        """Take in records, each given as all its rows (equal key), in this transaction, set-based.

        Idempotent by source, key and content: applying the same groups again answers UNCHANGED and appends no event.
        Returns one or more outcomes per group, in order. Row numbers of every row appear in exactly one outcome.
        """
        ...

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Called once after the last group of an import (match refunds, refresh statistics). Idempotent."""
        ...


@runtime_checkable
class OptionProposer(Protocol):
    """What a handler also implements when its options can be read off the data (how cancellations are marked …)."""

    def propose_options(self, sample: Sequence[MappedRow]) -> Mapping[str, str]:
        """Return option values that the mapped and parsed sample rows speak for; options left out keep their default."""
        ...


class PersonDetailsSink(Protocol):
    """Implemented by the room that owns attributes of people; other rooms' handlers hand over what their records say."""

    def offer(self, uow: UnitOfWork, details: Sequence[PersonDetails]) -> None:
        """Take what records say about people, newest per person, in the batch's transaction; idempotent."""
        ...
