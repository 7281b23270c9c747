"""HTTP of conditions: the catalogue for editors, checks, previews, explanations."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.platform.http import DatabaseDep, LocaleDep, UowDep
from feilun.profiles import api as profiles
from feilun.profiles.http import row_out
from feilun.profiles.timeline_http import person_id_of
from feilun.segments import api
from feilun.segments.http_answers import catalogue_out, explanation_out, problem_out, surroundings_of
from feilun.segments.http_shapes import (
    CleanText,
    ConditionCatalogueOut,
    ConditionCheckOut,
    ConditionExplainIn,
    ConditionIn,
    ConditionPreviewIn,
    ConditionPreviewOut,
    ExplanationOut,
    SuggestionOut,
    SuggestionsOut,
)

router = APIRouter(prefix="/api/v1", tags=["conditions"])


@router.get("/conditions/catalogue", operation_id="getConditionCatalogue")
def get_condition_catalogue(
    request: Request, uow: UowDep, locale: LocaleDep, caller: Caller = Guard("segments.read")
) -> ConditionCatalogueOut:
    """Return everything conditions can speak about, in the caller's language."""
    surroundings = surroundings_of(request)
    return catalogue_out(
        api.get_catalogue(uow, surroundings),
        api.list_referable(uow),
        locale,
        zone=surroundings.zone,
        main_currency=api.main_currency(uow, surroundings),
    )


@router.get("/conditions/values", operation_id="listConditionValues")
def list_condition_values(
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    field: Annotated[CleanText | None, Query()] = None,
    source: Annotated[CleanText | None, Query()] = None,
    column: Annotated[CleanText | None, Query()] = None,
    property: Annotated[CleanText | None, Query()] = None,  # noqa: A002 — the language's word
    query: Annotated[CleanText | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    caller: Caller = Guard("segments.read"),
) -> SuggestionsOut:
    """Return values of a field, or of a column of a source, that occur; most frequent first."""
    wanted = api.ValueQuery(
        field=field, source=source, column=column, property=property, text=query or "", limit=limit
    )
    found = api.list_values(uow, surroundings_of(request), wanted, locale=locale)
    return SuggestionsOut(values=[SuggestionOut(value=s.value, label=s.label, count=s.count) for s in found])


@router.post("/conditions/check", operation_id="checkCondition")
def check_condition(
    body: ConditionIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> ConditionCheckOut:
    """Tell what is wrong with a condition, and what it says in words."""
    checked = api.check(uow, surroundings_of(request), body.condition, locale=locale)
    return ConditionCheckOut(
        problems=[problem_out(problem, locale) for problem in checked.problems],
        sentence=checked.sentence,
        finest_unit=checked.finest_unit.value if checked.finest_unit else None,
    )


@router.post("/conditions/preview", operation_id="previewCondition")
def preview_condition(
    body: ConditionPreviewIn,
    request: Request,
    database: DatabaseDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> ConditionPreviewOut:
    """Count the people a condition fits now. A newer preview of the same editor ends an older one (409)."""
    found = api.preview(
        database,
        surroundings_of(request),
        body.condition,
        zone=body.zone,
        sample=body.sample,
        editor=f"{caller.actor}:{body.editor}" if body.editor else None,
        locale=locale,
    )
    reveal = caller.may("personal.read")
    with database.transaction(actor=caller.actor) as uow:
        rows = profiles.list_rows(uow, found.sample, reveal=reveal, with_phones=True)
    return ConditionPreviewOut(
        count=found.count,
        total=found.total,
        share=found.count / found.total if found.total else 0.0,
        sample=[row_out(row) for row in rows],
        sentence=found.sentence,
        took_ms=found.took_ms,
        as_of=found.as_of,
        is_masked=not reveal,
    )


@router.post("/conditions/explain", operation_id="explainCondition")
def explain_condition(
    body: ConditionExplainIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> ExplanationOut:
    """Tell why a person fits a condition, or not, with the values the person really has."""
    explained = api.explain(
        uow,
        surroundings_of(request),
        body.condition,
        person_id_of(body.person_id),
        zone=body.zone,
        locale=locale,
    )
    return explanation_out(explained)
