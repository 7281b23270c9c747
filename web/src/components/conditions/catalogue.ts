/** What conditions can speak about, as the server offers it in the reader's language, indexed by name. */
import type { Schemas } from "@/api/client";

export type CatalogueAnswer = Schemas["ConditionCatalogueOut"];
export type Option = { value: string; label: string };
export type Field = CatalogueAnswer["fields"][number];
export type Measure = CatalogueAnswer["measures"][number];
export type Source = CatalogueAnswer["sources"][number];
export type Column = Source["columns"][number];
export type OperatorWord = CatalogueAnswer["operators"][string][number];
/** What stands behind an operator. */
export type Takes = OperatorWord["takes"];
/** A segment, or a value of a computed tag, that conditions may refer to by its key. */
export type Reference = CatalogueAnswer["references"][number];

export type Catalogue = {
  answer: CatalogueAnswer;
  field: (name: string) => Field | undefined;
  measure: (name: string) => Measure | undefined;
  source: (name: string) => Source | undefined;
  /** A column of the first of these sources that has it. */
  column: (sources: readonly string[], name: string) => Column | undefined;
  operators: (kind: string) => OperatorWord[];
  operator: (kind: string, name: string) => OperatorWord | undefined;
  unit: (name: string) => string;
  referenceName: (key: string) => string | undefined;
};

const byName = <T extends { name: string }>(items: readonly T[]) =>
  new Map(items.map((item) => [item.name, item]));

export function indexCatalogue(answer: CatalogueAnswer): Catalogue {
  const fields = byName(answer.fields);
  const measures = byName(answer.measures);
  const sources = byName(answer.sources);
  const units = new Map(answer.units.map((unit) => [unit.name, unit.label]));
  const referenceNames = new Map(answer.references.map(({ key, name }) => [key, name]));
  const operators = (kind: string) => answer.operators[kind] ?? [];
  return {
    answer,
    field: (name) => fields.get(name),
    measure: (name) => measures.get(name),
    source: (name) => sources.get(name),
    column: (names, wanted) => {
      for (const name of names) {
        const column = sources.get(name)?.columns.find((candidate) => candidate.name === wanted);
        if (column) return column;
      }
      return undefined;
    },
    operators,
    operator: (kind, name) => operators(kind).find((operator) => operator.name === name),
    unit: (name) => units.get(name) ?? name,
    referenceName: (key) => referenceNames.get(key),
  };
}
