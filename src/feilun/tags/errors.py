"""Expected errors of tags; each code has a message in `locales.json`."""

from feilun.kernel.errors import Conflict, Invalid, NotFound


class TagNotFound(NotFound):
    """No tag has this id or key."""

    code = "tags.tag_not_found"


class TagKeyInvalid(Invalid):
    """A key is not made of small letters, digits and underscores, beginning with a letter, 40 at most."""

    code = "tags.key_invalid"


class TagKeyTaken(Conflict):
    """Another tag has the key; archived ones keep theirs."""

    code = "tags.key_taken"


class TagNameInvalid(Invalid):
    """A name of a tag or group is empty, too long, or has characters that no text may have."""

    code = "tags.name_invalid"


class TagNameTaken(Conflict):
    """Another tag of the same group has the name."""

    code = "tags.name_taken"


class TagColourUnknown(Invalid):
    """A colour is not of the palette."""

    code = "tags.colour_unknown"


class TagValuesInvalid(Invalid):
    """Allowed values are listed for a flag, twice, empty, too many or too long."""

    code = "tags.values_invalid"


class TagValidityInvalid(Invalid):
    """A validity is both a number of days and a date, or not positive."""

    code = "tags.validity_invalid"


class TagInUse(Conflict):
    """Key, kind or value mode cannot change because somebody carries or carried the tag."""

    code = "tags.tag_in_use"


class TagArchived(Conflict):
    """An archived tag is not given to anybody any more."""

    code = "tags.tag_archived"


class TagComputed(Conflict):
    """A computed tag follows its condition and is not given or taken by hand."""

    code = "tags.tag_computed"


class TagValueInvalid(Invalid):
    """The tag does not take this value."""

    code = "tags.value_invalid"


class TagGroupNotFound(NotFound):
    """No tag group has this id."""

    code = "tags.group_not_found"


class TagGroupNameTaken(Conflict):
    """Another group has the name."""

    code = "tags.group_name_taken"


class TagGroupNotEmpty(Conflict):
    """A group with tags cannot be deleted."""

    code = "tags.group_not_empty"


class PeopleSourceUnknown(Invalid):
    """Nothing here knows groups of people of this sort."""

    code = "tags.people_source_unknown"


class PeopleChoiceInvalid(Invalid):
    """Whom a change is about must be said in exactly one way."""

    code = "tags.people_choice_invalid"


class TagOperationNotFound(NotFound):
    """No bulk operation has this id."""

    code = "tags.operation_not_found"


class TagOperationNotUndoable(Conflict):
    """An operation that still runs, changed nothing, was undone already or is itself the undoing of one."""

    code = "tags.operation_not_undoable"


class TagOperationEnded(Conflict):
    """An operation that has ended cannot be stopped."""

    code = "tags.operation_ended"


class IdempotencyConflict(Conflict):
    """The same idempotency key came with another request."""

    code = "tags.idempotency_conflict"


class ReasonTooLong(Invalid):
    """A reason is too long or has characters that no text may have."""

    code = "tags.reason_too_long"


class TagUnknown(Invalid):
    """A record names a tag that is not in the dictionary."""

    code = "tags.tag_unknown"


class TagActionUnknown(Invalid):
    """A record wants something done to a tag that is neither adding nor removing."""

    code = "tags.action_unknown"


class TagPersonUnknown(Invalid):
    """A record names nobody known: no usable identifier, an unknown customer, or an erased one."""

    code = "tags.person_unknown"
