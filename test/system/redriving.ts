// Dead letters by the hundred, and the run that brings them back.
import type { Replay } from "../../cli/client.ts";
import { arrivedFrom } from "./live-traffic.ts";
import { pause, type System } from "./harness.ts";

const POSTS_AT_ONCE = 16;

/** So many, of webhooks to a source whose destination refuses them for good. @param ways connections that each webhook takes */
export async function makeDeadLetters(
  { client, post }: System,
  source: string,
  count: number,
  ways = 1,
): Promise<void> {
  let left = count / ways;
  const sender = async (): Promise<void> => {
    while (left-- > 0) await post(source);
  };
  await Promise.all(Array.from({ length: POSTS_AT_ONCE }, sender));
  const dead = async (): Promise<number> => (await client.planReplay({ status: "dead", source })).matched;
  while ((await dead()) < count) await pause(500);
}

/** The run once it has ended. */
export async function endOf({ client }: System, id: string): Promise<Replay> {
  for (;;) {
    const run = await client.replay(id);
    if (run.status !== "running") return run;
    await pause(500);
  }
}

/** How often each delivery has arrived since. @param former arrivals of the source that do not count */
export function arrivalsOf(system: System, source: string, former: number): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { delivery } of arrivedFrom(system, source).slice(former))
    times.set(delivery, (times.get(delivery) ?? 0) + 1);
  return times;
}
