// What the real workerd takes, as the kernel counts it: memory and processor time. Reads /proc, so it runs on Linux.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** The kernel's clock ticks: 100 a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** The ids of all that run in a process group. */
export const workerdsOf = (group: number): string[] =>
  readdirSync("/proc").filter((pid) => {
    const { command, fields } = statOf(pid);
    return command === "workerd" && Number(fields[2]) === group;
  });

/** All of a Sluice's: `wrangler dev` runs one for the Worker and one as a proxy before it. */
export class Workerd {
  readonly #pids: readonly string[];

  /** @param group the process group that Sluice was started in */
  constructor(group: number) {
    this.#pids = workerdsOf(group);
    if (this.#pids.length === 0) throw new Error("no workerd runs in this process group");
  }

  /** Processor time so far, of all threads. Milliseconds, in steps of 10. */
  cpuMs(): number {
    return this.#sum((pid) => {
      const { fields } = statOf(pid);
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    });
  }

  memoryBytes(): number {
    return this.#sum((pid) => kilobytesOf(pid, "VmRSS") * 1024);
  }

  /** The most memory since `forgetPeak`. */
  peakBytes(): number {
    return this.#sum((pid) => kilobytesOf(pid, "VmHWM") * 1024);
  }

  forgetPeak(): void {
    for (const pid of this.#pids) writeFileSync(`/proc/${pid}/clear_refs`, "5");
  }

  #sum(measure: (pid: string) => number): number {
    return this.#pids.reduce((sum, pid) => sum + measure(pid), 0);
  }
}

const kilobytesOf = (pid: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** Fields as proc_pid_stat(5) counts them, from the third on: a command may have spaces. */
function statOf(pid: string): { command: string; fields: string[] } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    return { command: text.slice(text.indexOf("(") + 1, end), fields: text.slice(end + 2).split(" ") };
  } catch {
    // It has ended meanwhile.
    return { command: "", fields: [] };
  }
}
