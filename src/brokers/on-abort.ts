// Reacts to a signal that may have aborted already: its `abort` event is not repeated for listeners that are added later.

/** Runs this when the signal aborts: at once if it has already. */
export function onAbort(signal: AbortSignal, run: () => void): void {
  if (signal.aborted) run();
  else signal.addEventListener("abort", run, { once: true });
}
