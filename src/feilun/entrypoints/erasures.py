"""Erasing a customer across rooms, and again after a restore brought them back.

The order matters: dead letters are found by identifiers that `identity` then destroys, and the journal beside the keys is
written last before the commit, so that it never misses an erasure; naming one whose commit failed does no harm beyond it.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from feilun.entrypoints.wiring import Rooms
from feilun.identity import api as identity
from feilun.identity.contracts import Erasure
from feilun.ingestion import api as ingestion
from feilun.kernel.ids import PersonId
from feilun.platform import erasures as journal
from feilun.platform.config import Settings
from feilun.platform.db import Database
from feilun.platform.keys import load_keyring


def erase_customer(rooms: Rooms, person_id: PersonId, *, actor: str) -> Erasure:
    """Destroy everything that names a customer: keys, identifiers, dead letters; the list forgets by the log.

    Orders stay as sales of nobody in particular. Cannot be undone. Raises: PersonNotFound.
    """
    with rooms.database.transaction(actor=actor) as uow:
        ingestion.erase_dead_letters_of(uow, person_id)
        erasure = identity.erase_person(uow, person_id)
        for member in erasure.members:
            journal.append(rooms.settings.keys_dir, member, erasure.erased_at)
    return erasure


def reapply_erasures(settings: Settings, url: str, noted: Sequence[journal.Erasure]) -> None:
    """Erase people again in a database just restored from a backup that still had them."""
    database = Database(url, load_keyring(settings.keys_dir))
    try:
        with database.transaction(actor="restore") as uow:
            for person_id in identity.list_persons(uow, [erasure.person_id for erasure in noted]):
                ingestion.erase_dead_letters_of(uow, person_id)
            for erased_at, erasures in groupby(sorted(noted, key=_moment), key=_moment):
                identity.reapply_erasure(
                    uow, [erasure.person_id for erasure in erasures], erased_at=erased_at
                )
    finally:
        database.close()


def _moment(erasure: journal.Erasure) -> datetime:
    return erasure.erased_at
