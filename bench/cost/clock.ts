// A clock that moves only by what is done: arrivals, sends, waits that end, and the bench itself. So what the machine does besides changes no figure.

/** What a receiver takes to respond. */
const SEND_MS = 20;

const { setTimeout: startTimer, fetch: send } = globalThis;
let now = Date.now();
Date.now = () => now;

/** @param at milliseconds since the epoch; never moves back */
export function moveTo(at: number): void {
  now = Math.max(now, at);
}

/** Starts a timer that moves the clock when it ends. */
globalThis.setTimeout = ((callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
  const at = now + ms;
  return startTimer(() => {
    moveTo(at);
    callback(...args);
  }, ms);
}) as typeof setTimeout;

/** Sends that go out together end together. */
globalThis.fetch = async (...request) => {
  const at = now + SEND_MS;
  const response = await send(...request);
  moveTo(at);
  return response;
};
