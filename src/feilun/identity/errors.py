"""Expected conditions of identity; each code has a message in `locales.json`."""

from feilun.kernel.errors import Conflict, Invalid, NotFound, Transient


class PersonNotFound(NotFound):
    """No person record with this id."""

    code = "identity.person_not_found"


class PersonErased(Conflict):
    """The person's direct personal values were destroyed; nothing new can be attached."""

    code = "identity.person_erased"


class AlreadyMerged(Conflict):
    """The two are one person already."""

    code = "identity.already_merged"


class MergeNotFound(NotFound):
    """No merge with this id."""

    code = "identity.merge_not_found"


class AlreadySplit(Conflict):
    """The merge was split before."""

    code = "identity.already_split"


class ReviewNotFound(NotFound):
    """No merge review with this id."""

    code = "identity.review_not_found"


class ReviewDecided(Conflict):
    """Somebody decided this review before; the detail says how."""

    code = "identity.review_decided"


class ReasonMissing(Invalid):
    """Merging, splitting and keeping apart by hand need a reason that others can read later."""

    code = "identity.reason_missing"


class IdentifiersContended(Transient):
    """Other transactions kept changing the same people; try again."""

    code = "identity.contended"
