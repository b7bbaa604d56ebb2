// How long a message that could not be processed waits before it comes back.
import { MAX_MESSAGE_WAIT_SECONDS } from "../../config/limits.ts";

const FIRST_WAIT_SECONDS = 10;

/**
 * 10 s, 20 s, 40 s and so on, ten minutes at most: with the retries that wrangler.toml allows, a message outlasts an outage of 15 hours.
 * @param attempts how often the message has been delivered, from 1
 */
export const backoffSeconds = (attempts: number): number =>
  Math.min(MAX_MESSAGE_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.min(attempts - 1, 10));
