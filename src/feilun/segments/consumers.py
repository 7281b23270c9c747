"""What segments follow in the log besides the people: the dictionary of tags, whose computed entries have their rules here."""

from collections.abc import Sequence

from feilun.platform.db import Database
from feilun.platform.log import Event
from feilun.segments.internal import tag_values
from feilun.tags import api as tags
from feilun.tags.contracts import TagId
from feilun.tags.events import TAG_CHANGED


class TagRuleConsumer:
    """Ends the evaluation of archived tags, takes it up when they are brought back, and follows their keys. Idempotent."""

    name: str = "tag_rules"

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Let the rules of changed tags be as the tags are now."""
        changed = {TagId(int(str(event.payload["tag_id"]))) for event in events if event.type == TAG_CHANGED}
        if not changed:
            return
        with database.transaction(actor=f"consumer:{self.name}") as uow:
            for tag_id in sorted(changed):
                tag_values.follow_tag(uow, tags.get_tag(uow, tag_id))
