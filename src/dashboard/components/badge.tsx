// A state as an icon and a word; color is only an additional cue.
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
  // circuits, destinations, connections, sources
  closed: ["ok", "delivered", "healthy"],
  failing: ["warn", "warn", "failing"],
  open: ["bad", "dead", "circuit open"],
  half_open: ["warn", "retrying", "circuit half-open"],
  slow: ["warn", "scheduled", "slow lane"],
  paused: ["idle", "held", "paused"],
  disabled: ["idle", "cancelled", "disabled"],
  enabled: ["ok", "delivered", "enabled"],
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
