"""Expected errors of the access room."""

from feilun.kernel.errors import Conflict, FeilunError, Forbidden, Invalid, NotFound


class Unauthenticated(FeilunError):
    """No valid session or API key came with the request."""

    code = "access.unauthenticated"
    http_status = 401


class LoginFailed(FeilunError):
    """The user name or the password is wrong; which one is not told."""

    code = "access.login_failed"
    http_status = 401


class AccountLocked(FeilunError):
    """Too many wrong passwords; try again after `minutes`."""

    code = "access.locked"
    http_status = 429


class PermissionDenied(Forbidden):
    """The caller lacks `permission`."""

    code = "access.permission_denied"


class PasswordChangeRequired(Forbidden):
    """A one-time password was used; it has to be changed first."""

    code = "access.password_change_required"


class CrossSiteRequest(Forbidden):
    """A changing request came with a session cookie but without the console's header."""

    code = "access.cross_site"


class WeakPassword(Invalid):
    """The new password is too short, too common or the old one."""

    code = "access.weak_password"


class UsernameTaken(Conflict):
    """Another operator has this user name."""

    code = "access.username_taken"


class UsernameInvalid(Invalid):
    """User names have 2 to 64 letters, digits, dots, dashes, underscores or @."""

    code = "access.username_invalid"


class LastAdmin(Conflict):
    """The last active administrator cannot be disabled or given a lesser role."""

    code = "access.last_admin"


class OperatorNotFound(NotFound):
    """No such operator."""

    code = "access.operator_not_found"


class ApiKeyNotFound(NotFound):
    """No such API key."""

    code = "access.api_key_not_found"
