// A state as an icon and a word; color is only an additional cue.
import { HEALTH_WORDS } from "../../model/health.ts";
import { Icon, type IconName } from "./icons.tsx";

type Tone = "ok" | "bad" | "warn" | "info" | "idle";

const LOOKS: Readonly<Record<string, readonly [Tone, IconName, string]>> = {
  // deliveries
  scheduled: ["info", "scheduled", "scheduled"],
  pending: ["info", "pending", "pending"],
  deferred: ["info", "deferred", "deferred"],
  retrying: ["warn", "retrying", "retrying"],
  held: ["idle", "held", "held"],
  delivered: ["ok", "delivered", "delivered"],
  dead: ["bad", "dead", "dead"],
  cancelled: ["idle", "cancelled", "cancelled"],
  // events
  accepted: ["info", "pending", "accepted"],
  in_progress: ["info", "deferred", "in progress"],
  ignored: ["idle", "cancelled", "ignored"],
  duplicate: ["idle", "cancelled", "duplicate"],
  // destinations and sources: see model/health.ts
  circuit_open: ["bad", "dead", HEALTH_WORDS.circuit_open],
  failing: ["bad", "warn", HEALTH_WORDS.failing],
  circuit_half_open: ["warn", "retrying", HEALTH_WORDS.circuit_half_open],
  some_failures: ["warn", "warn", HEALTH_WORDS.some_failures],
  retry_after: ["warn", "deferred", HEALTH_WORDS.retry_after],
  slow: ["warn", "scheduled", HEALTH_WORDS.slow],
  reduced_pace: ["warn", "scheduled", HEALTH_WORDS.reduced_pace],
  dead_letters: ["warn", "dead", HEALTH_WORDS.dead_letters],
  never_used: ["idle", "info", HEALTH_WORDS.never_used],
  healthy: ["ok", "delivered", HEALTH_WORDS.healthy],
  refuses_all: ["bad", "dead", HEALTH_WORDS.refuses_all],
  refuses_some: ["warn", "warn", HEALTH_WORDS.refuses_some],
  // connections too
  paused: ["idle", "held", "paused"],
  disabled: ["idle", "cancelled", "disabled"],
  awaiting_secret: ["warn", "scheduled", HEALTH_WORDS.awaiting_secret],
  unknown: ["idle", "info", "unknown"],
  // replays, alerts, tokens
  running: ["info", "retrying", "running"],
  done: ["ok", "delivered", "done"],
  ok: ["ok", "delivered", "ok"],
  firing: ["bad", "warn", "firing"],
  notice_failed: ["warn", "warn", "notice failed"],
  active: ["ok", "delivered", "active"],
  expired: ["idle", "cancelled", "expired"],
};

/** @param label replaces the state's default label */
export const Badge = ({ status, label }: { status: string; label?: string }) => {
  const [tone, icon, word] = (Object.hasOwn(LOOKS, status) ? LOOKS[status] : undefined) ?? ["idle", "info", status];
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon} />
      {label ?? word}
    </span>
  );
};
