// The tool that says why a delivery failed or waits: all that Sluice knows about it in one answer.
import * as z from "zod";
import type { DeferralReason } from "../../../src/model/lifecycle.ts";
import type { Client, Delivery, Health } from "../../client.ts";
import { Refusal } from "../../errors.ts";
import { safeHeaders, safeUrl } from "../bounded.ts";
import { tool, type ToolContext } from "../tool.ts";
import { deliveryRow } from "./deliveries.ts";
import { bodyText, eventRow } from "./events.ts";

const MAX_ATTEMPTS = 20;

const WAITS: Readonly<Record<DeferralReason, string>> = {
  pace: "the destination's rate limit: it has a slot of its own",
  concurrency: "the destination's limit of requests at a time",
  circuit: "the destination's circuit is open, because it kept failing",
  retry_after: "the destination asked for a pause (Retry-After)",
  gate_unreachable: "the part of Sluice that keeps the pace did not answer",
  slow_lane: "the destination is slow; its deliveries go on in a lane of their own",
  time_budget: "the batch had no time left for it",
  secret_unavailable: "a secret of the destination cannot be read; see its settings",
  body_unavailable: "the body cannot be read at the moment",
  resolver_unavailable: "no DNS resolver answered",
  token_unavailable: "the OAuth token endpoint did not answer",
  configuration_unreadable: "the destination's configuration was written by a newer release",
  listener_gone: "the sluice listen that would take it has disconnected",
  subrequests: "the plan of the Cloudflare account allowed no more calls at a time; it goes on with the next batch",
  batch: "it shares a request with others that are still to come",
};

/** What happens next with a delivery, in a sentence. */
export function nextStep(delivery: Delivery, health: Health | null, now: number): string {
  switch (delivery.status) {
    case "delivered":
      return "Nothing: it is delivered.";
    case "cancelled":
      return "Nothing: it was cancelled.";
    case "dead":
      return "Nothing by itself: it was given up. Retry it or redrive the dead ones once the cause is mended.";
    case "held":
      return health?.paused === true
        ? "Nothing until the destination is resumed: it is paused."
        : "Nothing until the connection is resumed: it is paused.";
    case "scheduled":
    case "pending":
    case "deferred":
    case "retrying": {
      const at = delivery.next_attempt_at;
      const seconds = at === null ? 0 : Math.max(0, Math.round((Date.parse(at) - now) / 1_000));
      const when = at === null ? "soon" : `at ${at} (in ${seconds} s)`;
      const why = delivery.deferred_by === null ? "" : ` It waits because of ${WAITS[delivery.deferred_by]}.`;
      return delivery.deferred_by === "circuit"
        ? `Attempted once the circuit lets it through, at the latest ${when}.${why}`
        : `Attempted ${when}.${why}`;
    }
  }
}

/** @returns null where the record is gone, or the token may not see it */
const optional = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: unknown) => {
    if (error instanceof Refusal && [403, 404, 409].includes(error.problem.status)) return null;
    throw error;
  });

async function destinationOf(client: Client, delivery: Delivery): Promise<readonly [object | null, Health | null]> {
  const name = delivery.destination;
  if (name === null) return [null, null];
  const [destination, health] = await Promise.all([
    optional(client.call("GET /destinations/{id}", { id: name })),
    optional(client.health(name)),
  ]);
  if (destination === null) return [null, health];
  const { slug, type, retry, paused } = destination;
  const url = "url" in destination && typeof destination.url === "string" ? safeUrl(destination.url) : undefined;
  return [{ slug, type, url, paused, retry }, health];
}

/** The request of the latest attempt. The API builds it again, and masks credentials and signatures. */
async function requestOf(client: Client, id: string): Promise<object | null> {
  const sent = await optional(client.call("GET /deliveries/{id}/request", { id }));
  if (sent?.request == null) return sent;
  const { url, headers, ...request } = sent.request;
  return {
    ...sent,
    request: { ...request, url: url === null ? null : safeUrl(url), headers: safeHeaders(headers) },
  };
}

async function explain({ client, now }: ToolContext, id: string): Promise<object> {
  const delivery = await client.delivery(id);
  const [event, body, request, [destination, health]] = await Promise.all([
    optional(client.event(delivery.event_id)),
    optional(client.eventBody(delivery.event_id)),
    requestOf(client, id),
    destinationOf(client, delivery),
  ]);
  const { attempts } = delivery;
  return {
    delivery: deliveryRow(delivery),
    next: nextStep(delivery, health, now()),
    attempts: attempts
      .slice(-MAX_ATTEMPTS)
      .map((attempt) => ({ ...attempt, response_headers: safeHeaders(attempt.response_headers) })),
    attempts_left_out: Math.max(0, attempts.length - MAX_ATTEMPTS),
    received:
      event === null
        ? null
        : {
            ...eventRow(event),
            query: event.query,
            headers: safeHeaders(event.headers),
            body: body === null ? null : (bodyText(body) ?? "(binary)"),
          },
    sent: request,
    destination,
    health:
      health === null
        ? null
        : {
            health: health.health,
            health_reasons: health.health_reasons,
            circuit: health.circuit,
            circuit_reason: health.circuit_reason,
            circuit_open_until: health.circuit_open_until,
            paused: health.paused,
            paused_until: health.paused_until,
            consecutive_failures: health.consecutive_failures,
            pace: health.pace,
            waiting: health.backlog,
            oldest_waiting: health.oldest_waiting,
            success_rate: health.success_rate,
            latency_ms: health.latency_ms,
            last_error: health.last_error,
          },
  };
}

export const explainTool = tool({
  name: "explain_delivery",
  title: "Explain a delivery",
  description:
    "Why a delivery failed or waits: what was received, the request as sent, every attempt with its answer, what happens next and when, and the destination's health with what waits there.",
  writes: false,
  input: z.strictObject({ id: z.string().max(80).describe("dlv_…") }),
  run: (context, { id }) => explain(context, id),
});
