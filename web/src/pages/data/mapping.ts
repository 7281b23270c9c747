import type { Binding, ImportFile, Mapping, RecordKind } from "@/api/imports";

export type Field = RecordKind["fields"][number];
export type MappingProblems = { missing: string[]; twice: string[] };

/**
 * Lets a column fill a field instead of `before`, or besides what it fills when `before` is null; a null field frees it.
 * What was set for the old field goes with it.
 */
export function bindColumn(
  mapping: Mapping,
  column: string,
  before: string | null,
  field: string | null,
): Mapping {
  const others = mapping.bindings.filter((binding) => binding.column !== column || binding.field !== before);
  if (field === null) return { ...mapping, bindings: others };
  const fresh: Binding = { field, column, date_order: null, decimal_mark: null, value_table: {} };
  const { [field]: _, ...constants } = mapping.constants ?? {};
  return { ...mapping, bindings: [...others, fresh], constants };
}

export function changeBinding(mapping: Mapping, changed: Binding, change: Partial<Binding>): Mapping {
  return {
    ...mapping,
    bindings: mapping.bindings.map((binding) =>
      binding.column === changed.column && binding.field === changed.field
        ? { ...binding, ...change }
        : binding,
    ),
  };
}

export function setConstant(mapping: Mapping, field: string, text: string | null): Mapping {
  const { [field]: _, ...constants } = mapping.constants ?? {};
  return { ...mapping, constants: text === null ? constants : { ...constants, [field]: text } };
}

export function setOption(mapping: Mapping, option: string, value: string): Mapping {
  return { ...mapping, options: { ...mapping.options, [option]: value } };
}

/** What keeps a mapping from being used; the server checks the rest. */
export function problemsOf(mapping: Mapping, kind: RecordKind): MappingProblems {
  const filled = [
    ...mapping.bindings.map((binding) => binding.field),
    ...Object.keys(mapping.constants ?? {}),
  ];
  return {
    missing: kind.fields
      .filter((field) => field.required && !filled.includes(field.name))
      .map((field) => field.name),
    twice: [...new Set(filled.filter((field, index) => filled.indexOf(field) !== index))],
  };
}

export type Confidence = "sure" | "likely" | "guess" | "chosen";
const SURE = 0.9;
const LIKELY = 0.65;

/** How far to trust the present field of a column: what the server proposed, or that a person chose it. */
export function confidenceOf(
  file: ImportFile,
  binding: Binding,
): { level: Confidence; reason: string | null } {
  const proposed = file.proposal?.reasons.find(
    (reason) => reason.column === binding.column && reason.field === binding.field,
  );
  if (!proposed) return { level: "chosen", reason: null };
  const level = proposed.confidence >= SURE ? "sure" : proposed.confidence >= LIKELY ? "likely" : "guess";
  return { level, reason: proposed.reason };
}

/** A saved mapping on a file that lacks some of its columns: what names a missing column is left out. */
export function fitMapping(saved: Mapping, file: ImportFile): Mapping {
  const columns = new Set(file.columns.map((column) => column.name));
  return {
    ...saved,
    bindings: saved.bindings.filter((binding) => columns.has(binding.column)),
    part_column: saved.part_column && columns.has(saved.part_column) ? saved.part_column : null,
  };
}

export const SOURCE_PATTERN = /^[\p{L}\p{N}_.-]{1,64}$/u;
