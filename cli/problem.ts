// What went wrong between the command line and Sluice, from what arrived.
import type { ProblemAnswer } from "./errors.ts";

/** @param text the body of an answer that is no success */
export function readProblem(status: number, text: string): ProblemAnswer {
  try {
    const problem = JSON.parse(text) as Partial<ProblemAnswer>;
    if (typeof problem.code === "string") return { ...problem, status };
  } catch {
    // Not a problem document: from a proxy, or from another server.
  }
  return { status, detail: `HTTP ${status} without a problem document. Is this URL a Sluice?` };
}

/** The code of the system's error, or its text. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
