// How a command ends other than well. The exit code says which: 1 it failed, 2 it was called wrongly, 3 there is something to see to.

export const EXIT = { ok: 0, failed: 1, usage: 2, attention: 3 } as const;

/** The command line itself is wrong. */
export class UsageError extends Error {}

/** Something else is: a file, the network. */
export class Failure extends Error {}

interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** RFC 9457, as Sluice answers it. */
export interface ProblemAnswer {
  readonly status: number;
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly request_id?: string;
  readonly errors?: readonly FieldProblem[];
}

/** Sluice has refused. */
export class Refusal extends Error {
  readonly problem: ProblemAnswer;
  constructor(problem: ProblemAnswer) {
    super(problem.detail ?? problem.title ?? `HTTP ${problem.status}`);
    this.problem = problem;
  }
}
