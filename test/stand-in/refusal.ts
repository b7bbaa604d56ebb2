// How the stand-in refuses a request: with Cloudflare's code, as far as documentation, wrangler's source and public reports tell it.
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export const refuse = (code: number, message: string, status = 400): never => {
  throw new Refusal(code, message, status);
};

/** The value, or a refusal where there is none. */
export function present<T>(value: T | undefined, code: number, message: string): T {
  return value ?? refuse(code, message, 404);
}
