"""Expected errors of the catalog room."""

from feilun.kernel.errors import Conflict, NotFound


class ProductNotFound(NotFound):
    """No product has this id."""

    code = "catalog.product_not_found"


class CodeNotFound(NotFound):
    """The code is mapped to nothing."""

    code = "catalog.code_not_found"


class CodeTaken(Conflict):
    """The code is the SKU of a listed product of its source and cannot mean another one."""

    code = "catalog.code_taken"


class MappingCircular(Conflict):
    """The code would come to mean itself."""

    code = "catalog.mapping_circular"
