// An invocation may make only so many calls. What the platform says to the next one, and worker/budget.ts in the same words before it does.

export const tooManySubrequests = (): Error => new Error("Too many subrequests.");

/** Of `fetch` and bindings, or of D1: "Too many API requests by single worker invocation." Or what a library has made of it. */
export const isTooManySubrequests = (error: unknown): boolean =>
  error instanceof Error &&
  (/too many (?:subrequests|api requests)/i.test(error.message) || isTooManySubrequests(error.cause));
