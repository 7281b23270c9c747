"""What conditions can ask about audiences."""

from typing import Final

from feilun.conditions.contracts import (
    Aggregate,
    CatalogueParts,
    Column,
    FieldDef,
    Function,
    Option,
    Source,
    ValueKind,
)
from feilun.platform.db import UnitOfWork
from feilun.segments.internal import store_audiences
from feilun.segments.projection import AUDIENCE_MEMBERS

_OPTIONS_MAX: Final = 500


class AudienceFields:
    """Offers the field `audiences`: the frozen lists and static segments a person is in."""

    def offer(self, uow: UnitOfWork) -> CatalogueParts:
        """Return source and field; frozen audiences are its options, newest first."""
        options = tuple(
            Option(key, name, name) for key, name in store_audiences.audience_names(uow, limit=_OPTIONS_MAX)
        )
        column = Column(
            name="audience", kind=ValueKind.TEXT, sql="audience", label_zh="人群包", label_en="Audience"
        )
        return CatalogueParts(
            sources=(
                Source(
                    name="audiences",
                    table=AUDIENCE_MEMBERS.name,
                    label_zh="人群包",
                    label_en="Audiences",
                    columns=(column,),
                    moment=None,
                ),
            ),
            fields=(
                FieldDef(
                    name="audiences",
                    kind=ValueKind.TEXTS,
                    expression=Aggregate("audiences", Function.SET, "audience"),
                    label_zh="人群包",
                    label_en="Audiences",
                    group="segments",
                    options=options,
                ),
            ),
        )
