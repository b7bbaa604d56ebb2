// The Worker as `wrangler dev` runs it in system tests on another date. What the platform itself dates, such as a message's timestamp, keeps
// the machine's time.
import { aheadMs } from "./worker-clock.ts";
import * as worker from "../../src/index.ts";

type Kind = new (ctx: DurableObjectState, env: Env) => object;

/** The Durable Object, whose alarms are set and read by the moved clock. */
function withMovedAlarms<K extends Kind>(kind: K): K {
  return new Proxy(kind, {
    construct(target, [ctx, env]: [DurableObjectState, Env], called) {
      const { storage } = ctx;
      const { setAlarm, getAlarm } = storage;
      storage.setAlarm = (at) => setAlarm.call(storage, Number(at) - aheadMs);
      storage.getAlarm = async () => {
        const at = await getAlarm.call(storage);
        return at === null ? null : at + aheadMs;
      };
      return Reflect.construct(target, [ctx, env], called) as object;
    },
  });
}

export const DedupeIndex = withMovedAlarms(worker.DedupeIndex);
export const LiveFeed = withMovedAlarms(worker.LiveFeed);
export const DestinationGate = withMovedAlarms(worker.DestinationGate);
export const SourceLimit = withMovedAlarms(worker.SourceLimit);
export const OAuthTokens = withMovedAlarms(worker.OAuthTokens);
export const Listeners = withMovedAlarms(worker.Listeners);
export default worker.default;
