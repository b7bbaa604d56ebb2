// Errors and exit codes. 1: failed, 2: wrong usage, 3: needs attention (changes to apply, a destination with problems).

export const EXIT = { ok: 0, failed: 1, usage: 2, attention: 3 } as const;

/** Wrong arguments. */
export class UsageError extends Error {}

/** Another failure: a file, the network. */
export class Failure extends Error {}

interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** A problem document (RFC 9457). */
export interface ProblemAnswer {
  readonly status: number;
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly request_id?: string;
  readonly errors?: readonly FieldProblem[];
}

/** Sluice refused the request. */
export class Refusal extends Error {
  readonly problem: ProblemAnswer;
  constructor(problem: ProblemAnswer) {
    super(problem.detail ?? problem.title ?? `HTTP ${problem.status}`);
    this.problem = problem;
  }
}
