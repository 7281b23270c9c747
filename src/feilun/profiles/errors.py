"""Expected errors of profiles; each code has a message in `locales.json`."""

from feilun.kernel.errors import Conflict, Invalid, NotFound


class CustomerNotFound(NotFound):
    """No customer has this id."""

    code = "profiles.customer_not_found"


class CustomerExists(Conflict):
    """Another customer has one of the identifiers given; the detail says which customer."""

    code = "profiles.customer_exists"


class CustomerEmpty(Invalid):
    """A customer needs a name or an identifier."""

    code = "profiles.customer_empty"


class CustomerErased(Conflict):
    """The customer was erased; nothing can be changed or added."""

    code = "profiles.customer_erased"


class FieldUnknown(Invalid):
    """There is no such field, or it is archived."""

    code = "profiles.field_unknown"


class FieldInvalid(Invalid):
    """The value does not fit the field's type or options; a subclass says how."""

    code = "profiles.value_invalid"


class ValueTooLong(FieldInvalid):
    """A text has more characters than its field takes."""

    code = "profiles.value_too_long"


class ValueUnstorable(FieldInvalid):
    """A text has characters that no text may have (NUL, halves of surrogate pairs)."""

    code = "profiles.value_unstorable"


class NotANumber(FieldInvalid):
    """Not a number."""

    code = "profiles.not_a_number"


class NotAWholeNumber(FieldInvalid):
    """Not a whole number within 15 digits."""

    code = "profiles.not_a_whole_number"


class NumberOutOfRange(FieldInvalid):
    """More than 14 digits before or 6 behind the decimal point."""

    code = "profiles.number_out_of_range"


class NotADate(FieldInvalid):
    """Not a date from 1850 on."""

    code = "profiles.not_a_date"


class DateInFuture(FieldInvalid):
    """A birthday or registration that has not been yet."""

    code = "profiles.date_in_future"


class NotAMoment(FieldInvalid):
    """Not a date and time with a zone."""

    code = "profiles.not_a_moment"


class NotYesOrNo(FieldInvalid):
    """Not yes or no."""

    code = "profiles.not_yes_or_no"


class NotAnOption(FieldInvalid):
    """Not one of the field's options."""

    code = "profiles.not_an_option"


class FieldRequired(Invalid):
    """The field may not be empty."""

    code = "profiles.field_required"


class FieldNotFilterable(Invalid):
    """Personal fields cannot be filtered by."""

    code = "profiles.field_not_filterable"


class CursorInvalid(Invalid):
    """The cursor is not one that a list of this order gave out."""

    code = "profiles.cursor_invalid"


class PageTooFar(Invalid):
    """Pages by number end at 10,000 rows; continue with the cursor or narrow the list."""

    code = "profiles.page_too_far"


class CustomFieldNotFound(NotFound):
    """No custom field has this id."""

    code = "profiles.custom_field_not_found"


class CustomFieldExists(Conflict):
    """A field of this name exists."""

    code = "profiles.custom_field_exists"


class CustomFieldNameInvalid(Invalid):
    """The name of a custom field is not a lower-case word of letters, digits and underscores."""

    code = "profiles.custom_field_name_invalid"


class CustomFieldLabelInvalid(Invalid):
    """A label is empty, too long or unstorable."""

    code = "profiles.custom_field_label_invalid"


class CustomFieldOptionsInvalid(Invalid):
    """Choice fields need different options; other fields take none."""

    code = "profiles.custom_field_options_invalid"


class TooManyCustomFields(Conflict):
    """The limit of custom fields is reached."""

    code = "profiles.too_many_custom_fields"


class SurvivorshipInvalid(Invalid):
    """A survivorship rule names an unknown field or lacks its sources."""

    code = "profiles.survivorship_invalid"
