"""What can be wrong with a request to blueprints."""

from feilun.kernel.errors import Conflict, Invalid, NotFound


class BlueprintNotFound(NotFound):
    """There is no blueprint of this name. Detail: blueprint."""

    code = "blueprints.not_found"


class SettingInvalid(Invalid):
    """A setting is unknown, no number, or out of its bounds. Detail: setting, value."""

    code = "blueprints.setting_invalid"


class KeyInUse(Conflict):
    """A tag of this key exists and is not computed by a condition. Detail: key."""

    code = "blueprints.key_in_use"


class RfmInvalid(Invalid):
    """The RFM model does not hold together. Detail: reason."""

    code = "blueprints.rfm_invalid"


class RfmChanged(Conflict):
    """Somebody else saved the model meanwhile. Detail: version."""

    code = "blueprints.rfm_changed"


class NobodyOrdered(Conflict):
    """Quantiles need people who have ordered, and there are none yet."""

    code = "blueprints.nobody_ordered"
