// Runs tests on another date: `TEST_DATE=2028-01-31T23:59:50Z`. It moves `Date` in Node and in workerd, because workerd hangs at its start under
// faketime. Timers, alarms and child processes keep the machine's time.

/** @param start the instant (RFC 3339) at which the clock of this test file starts; without one nothing changes */
export function moveClock(start: string | undefined): void {
  if (start === undefined || start === "") return;
  const ahead = Date.parse(start) - Date.now();
  if (Number.isNaN(ahead)) throw new Error(`TEST_DATE is not an instant: ${start}`);
  const { now } = Date;
  const moved = (): number => now() + ahead;
  globalThis.Date = new Proxy(Date, {
    construct: (target, given: unknown[], called) =>
      Reflect.construct(target, given.length === 0 ? [moved()] : given, called) as Date,
    get: (target, name) => (name === "now" ? moved : (Reflect.get(target, name) as unknown)),
  });
}
