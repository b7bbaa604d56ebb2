// Which admin tokens are refused: those that can be guessed.
import { MIN_ADMIN_TOKEN_LENGTH } from "./limits.ts";

/** The value in .dev.vars.example of earlier releases, which is public. */
const EXAMPLE = "choose-a-long-random-string";

const ADVICE = "Set a long random one, such as the output of `openssl rand -hex 24`.";

/** What is wrong with the token, in words for the operator; null when nothing is. */
export function adminTokenFault(token: string): string | null {
  if (token === EXAMPLE) return `SLUICE_ADMIN_TOKEN is the example's value. ${ADVICE}`;
  if (token.length < MIN_ADMIN_TOKEN_LENGTH)
    return `SLUICE_ADMIN_TOKEN has fewer than ${MIN_ADMIN_TOKEN_LENGTH} characters. ${ADVICE}`;
  return null;
}
