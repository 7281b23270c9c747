import type { SetExpression } from "@/api/segments";

export type Operation = "and" | "or" | "minus";
/** `segment:s1` or `audience:a1`. */
export type Operand = string;
export type Term = { operation: Operation; operand: Operand | undefined };

/** Operations apply from left to right, as one reads them; null while something is to be chosen. */
export function toExpression(terms: Term[]): SetExpression | null {
  let expression: SetExpression | null = null;
  for (const { operation, operand } of terms) {
    const part = operand === undefined ? null : toOperand(operand);
    if (!part) return null;
    expression = expression ? combine(expression, operation, part) : part;
  }
  return expression;
}

function toOperand(text: Operand): SetExpression | null {
  const [kind, id] = text.split(":");
  if (!id) return null;
  return kind === "audience" ? { audience: id } : { segment: id };
}

function combine(left: SetExpression, operation: Operation, right: SetExpression): SetExpression {
  if (operation === "minus") return { minus: [left, right] };
  return operation === "and" ? { and: [left, right] } : { or: [left, right] };
}

const SIGNS = { and: "∩", or: "∪", minus: "−" } as const;

/** The same in signs, with the brackets that reading from left to right means. */
export function formula(terms: Term[], nameOf: (operand: Operand) => string): string {
  return terms.reduce((text, { operation, operand }, i) => {
    const name = operand === undefined ? "…" : nameOf(operand);
    if (i === 0) return name;
    return `${i > 1 ? `(${text})` : text} ${SIGNS[operation]} ${name}`;
  }, "");
}

/** How many people two segments share, whichever way the pair is told. */
export function pairSize(
  pairs: readonly { left: string; right: string; size: number }[],
  one: string,
  other: string,
): number | undefined {
  return pairs.find(
    ({ left, right }) => (left === one && right === other) || (left === other && right === one),
  )?.size;
}
