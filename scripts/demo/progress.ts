// A progress bar on a terminal; otherwise a line every two seconds.
const WIDTH = 32;
const EVERY_MS = 2_000;

export function progress(label: string, total: number): (done: number, note?: string) => void {
  let last = 0;
  return (done, note = "") => {
    const full = Math.round((WIDTH * done) / Math.max(1, total));
    const line = `${label.padEnd(10)} [${"#".repeat(full)}${"-".repeat(WIDTH - full)}] ${done}/${total} ${note}`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}\u001b[K${done >= total ? "\n" : ""}`);
    else if (done >= total || Date.now() - last >= EVERY_MS) {
      last = Date.now();
      console.log(line);
    }
  };
}
