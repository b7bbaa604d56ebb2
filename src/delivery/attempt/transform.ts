// Applies the connection's transform while a request is prepared. The stored event does not change: each attempt transforms it again.
import { BoundedMap } from "../../kernel/bounded-map.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { asHttp } from "../../model/destination.ts";
import type { DeadReason } from "../../model/delivery.ts";
import type { Transform } from "../../model/transform.ts";
import { loadBody, type BodyPorts } from "./load-body.ts";
import type { Sending, Unprepared } from "../types.ts";
import { type BodySource, applyTransform, compileTransform, type CompiledTransform } from "../../routing/index.ts";

/** Keyed by the transform's text, since every batch reads its connections again. */
const compiled = new BoundedMap<string, CompiledTransform>(200);

function compileOnce(transform: Transform): Result<CompiledTransform, string> {
  const key = JSON.stringify(transform);
  const known = compiled.get(key);
  if (known !== undefined) return ok(known);
  const result = compileTransform(transform);
  if (!result.ok) return err(`${result.error.pointer} ${result.error.detail}`);
  compiled.set(key, result.value);
  return result;
}

export interface TransformPorts extends BodyPorts {
  readonly now: Clock;
  readonly random: Random;
}

export async function transformSending(sending: Sending, ports: TransformPorts): Promise<Result<Sending, Unprepared>> {
  const transform = sending.connection?.transform ?? null;
  if (transform === null) return ok(sending);
  const ready = compileOnce(transform);
  if (!ready.ok) return failed(ready.error);
  let body: BodySource = "missing";
  try {
    if (ready.value.readsBody) body = await loadBody(sending.event, ports);
  } catch {
    return err({ kind: "put_off", by: "body_unavailable", detail: "R2 cannot be read" });
  }
  const { now, random } = ports;
  const result = applyTransform(ready.value, sending.event, body, sending.sourceSlug, { now: now(), random });
  if (!result.ok) return failed(result.error);
  const { event, method, pathSet } = result.value;
  const destination = sending.destination.type === "mock" ? asHttp(sending.destination) : sending.destination;
  if (destination.type === "listener") return ok({ ...sending, event: { ...event, method: method ?? event.method } });
  // A broker has neither method nor path.
  if (destination.type !== "http") return ok({ ...sending, event });
  return ok({
    ...sending,
    event,
    destination: {
      ...destination,
      method: method ?? destination.method,
      path_forwarding: pathSet || destination.path_forwarding,
    },
  });
}

const failed = (reason: string): Result<never, Unprepared> =>
  err({ kind: "dead", error: `${"transform_failed" satisfies DeadReason}: ${reason}` });
