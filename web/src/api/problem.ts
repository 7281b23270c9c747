/** An RFC 9457 problem document; `detail` is already in the person's language and says what to do. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  values?: Record<string, unknown>;
  errors?: { pointer?: string; code?: string; message?: string }[];
};

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "detail" in value;
}

/** What a failed request becomes: the server's problem, or one of our own when no server answered in words. */
export function toProblemError(body: unknown, status: number): ProblemError {
  if (isProblem(body)) return new ProblemError(body);
  const code = status === 0 ? "web.offline" : status >= 502 ? "web.unavailable" : "web.unreadable";
  return new ProblemError({ type: "about:blank", title: code, status, code, detail: "" });
}
