// The one clock of a test file. It starts on a fixed day, so that no test depends on the day on which it runs: worlds, API clients and
// browsers read it. Durable Objects alone keep the machine's time; what compares the two takes a world with `realTime`.

/** When each world starts. */
export const START = Date.UTC(2026, 10, 24);

let time = START;
let real = false;

export const now = (): number => (real ? Date.now() : time);

/** Back to the start, or on to the machine's own time. */
export function restart(realTime: boolean): void {
  time = START;
  real = realTime;
}

/** The time, and a millisecond passes: what one request after the other writes has an order. */
export function tick(): number {
  advance(1);
  return now();
}

export const advanceTo = (at: number): void => void (time = Math.max(time, at));
export const advance = (ms: number): void => void (time += ms);
