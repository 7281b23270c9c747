"""Expected errors of segments; each code has a message in `locales.json`."""

from feilun.kernel.errors import Conflict, FeilunError, Invalid, NotFound


class SegmentNotFound(NotFound):
    """No segment has this id or key; detail: segment."""

    code = "segments.not_found"


class SegmentVersionNotFound(NotFound):
    """The segment has no such version; detail: version."""

    code = "segments.version_not_found"


class SegmentKeyTaken(Conflict):
    """Another segment has this key; detail: key."""

    code = "segments.key_taken"


class SegmentKeyInvalid(Invalid):
    """A key is lower-case letters, digits and underscores, beginning with a letter, at most 63; detail: key."""

    code = "segments.key_invalid"


class SegmentNameInvalid(Invalid):
    """A name has 1 to 200 characters."""

    code = "segments.name_invalid"


class TooManySegments(Conflict):
    """The installation has as many segments as it may; detail: limit."""

    code = "segments.too_many"


class ConditionMissing(Invalid):
    """A dynamic segment needs a condition."""

    code = "segments.condition_missing"


class ConditionNotWanted(Invalid):
    """A static segment has no condition of its own."""

    code = "segments.condition_not_wanted"


class ZoneUnknown(Invalid):
    """Not an IANA time zone; detail: zone."""

    code = "segments.zone_unknown"


class SegmentInUse(Conflict):
    """Other conditions refer to it, so it cannot be archived or deleted; detail: used_by (names)."""

    code = "segments.in_use"


class SegmentNotStatic(Conflict):
    """Only the members of static segments are chosen by hand."""

    code = "segments.not_static"


class ExpressionInvalid(Invalid):
    """A set expression is one of and, or, minus, segment, audience, with at most 50 parts."""

    code = "segments.expression_invalid"


class NotComputedYet(Conflict):
    """The segment's members are not known yet; detail: segment (name)."""

    code = "segments.not_computed"


class AudienceNotFound(NotFound):
    """No audience has this id; detail: audience."""

    code = "segments.audience_not_found"


class AudienceInUse(Conflict):
    """Conditions refer to it; detail: used_by (names)."""

    code = "segments.audience_in_use"


class ReasonTooShort(Invalid):
    """An export needs a reason; detail: characters_min."""

    code = "segments.reason_too_short"


class ExportColumnUnknown(Invalid):
    """No column of exports has this name; detail: column."""

    code = "segments.export_column_unknown"


class ValuesNotListed(Invalid):
    """Values of this field or column cannot be looked up; detail: name."""

    code = "segments.values_not_listed"


class FieldNotProfiled(Invalid):
    """The spread of this field cannot be told; detail: field."""

    code = "segments.field_not_profiled"


class PreviewSuperseded(Conflict):
    """A newer preview of the same editor took its place."""

    code = "segments.preview_superseded"


class PreviewsBusy(FeilunError):
    """More previews run than the warehouse can answer quickly; try again in a moment."""

    code = "segments.previews_busy"
    http_status = 429


class PreviewTooSlow(FeilunError):
    """Counting took longer than a preview may; detail: seconds."""

    code = "segments.preview_too_slow"
    http_status = 422


class WarehouseBehind(FeilunError):
    """The warehouse has not taken in the events yet that are to be evaluated; tried again."""

    code = "segments.warehouse_behind"
    http_status = 503


class TagRulesInvalid(Invalid):
    """Values of a computed tag must differ from each other, and only a single rule may have an empty one; detail: value."""

    code = "segments.tag_rules_invalid"


class TagNotComputed(Conflict):
    """A static tag has no rules; detail: tag."""

    code = "segments.tag_not_computed"


class TagValueUnknown(NotFound):
    """A computed tag has no such value; detail: value."""

    code = "segments.tag_value_unknown"


class SegmentCursorInvalid(Invalid):
    """The cursor continues no list. Detail: cursor."""

    code = "segments.cursor_invalid"
