// `send`: publishes an event, and waits for the outcome with `--wait`.
import type { EventWithDeliveries } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import { EXIT, Failure, UsageError } from "../errors.ts";
import { colourOf } from "../output.ts";
import { deliveryTable } from "./records.ts";

const POLL_MS = 500;
const DEFAULT_WAIT_MS = 60_000;
const OPEN = new Set(["accepted", "in_progress"]);

/** The body from `@file`, from standard input (`-`), or the text itself. */
async function readData(io: Context["io"], data: string | undefined): Promise<Uint8Array> {
  if (data === undefined) return new Uint8Array();
  if (data === "-") return io.readInput();
  if (!data.startsWith("@")) return new TextEncoder().encode(data);
  return io.readFile(data.slice(1)).catch(() => {
    throw new Failure(`${data.slice(1)} cannot be read`);
  });
}

/** Detects JSON, text or binary data. */
function detectContentType(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    try {
      JSON.parse(text);
      return "application/json";
    } catch {
      return "text/plain; charset=utf-8";
    }
  } catch {
    return "application/octet-stream";
  }
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new UsageError(`--header must be "name: value"`);
    out[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return out;
}

/** Polls until the event has ended or the time is up. @returns its last state */
async function settled({ io, client }: Context, id: string, withinMs: number): Promise<EventWithDeliveries> {
  const until = io.now() + withinMs;
  for (;;) {
    const event = await client.event(id);
    if (!OPEN.has(event.status) || io.now() >= until) return event;
    await io.sleep(POLL_MS);
  }
}

const text = { type: "string" } as const;

export const send: Command = {
  summary: "Publish an event to a source, or directly to destinations",
  usage: ["send SOURCE", "send --destination NAME..."],
  flags: [
    ["--destination NAME", "send directly to a destination; can be repeated"],
    ["--data TEXT|@FILE|-", "the body: text, from a file, or from standard input"],
    ["--header 'NAME: VALUE'", "a header; can be repeated"],
    ["--delay DURATION", "delay the delivery: 90s, 15m, 2h, 7d"],
    ["--callback-url URL", "URL that gets the destination's response after success"],
    ["--idempotency-key KEY", "repeating the same key creates no second event"],
    ["--wait", "wait until it is delivered everywhere; exit with 1 if it is not"],
    ["--timeout DURATION", "maximum time for --wait (60s)"],
  ],
  options: {
    destination: { type: "string", multiple: true },
    data: text,
    header: { type: "string", multiple: true },
    delay: text,
    "callback-url": text,
    "idempotency-key": text,
    wait: { type: "boolean" },
    timeout: text,
  },
  async run(context, args) {
    const { io, client, json, say, paint } = context;
    const destinations = args.list("destination");
    const straight = destinations.length > 0;
    if (straight && args.positionals.length > 0) throw new UsageError("SOURCE cannot be used with --destination");
    const aim = straight ? { destinations } : { source: args.only("SOURCE or --destination") };
    const [delay, timeout] = [args.duration("delay"), args.duration("timeout") ?? DEFAULT_WAIT_MS];
    const given = parseHeaders(args.list("header"));
    const bytes = await readData(io, args.text("data"));
    const accepted = await client.publish(
      {
        ...aim,
        body_base64: Buffer.from(bytes).toString("base64"),
        headers: { ...(bytes.byteLength > 0 ? { "content-type": detectContentType(bytes) } : {}), ...given },
        ...(delay === undefined ? {} : { delay_seconds: Math.ceil(delay / 1_000) }),
        ...(args.text("callback-url") === undefined ? {} : { callback_url: args.text("callback-url") }),
      },
      args.text("idempotency-key"),
    );
    if (!args.flag("wait")) {
      say(json ? jsonText(accepted) : accepted.id);
      return EXIT.ok;
    }
    const event = await settled(context, accepted.id, timeout);
    if (json) say(jsonText(event));
    else {
      say(`${event.id} ${paint(event.status, colourOf(event.status))}`);
      if (event.deliveries.length > 0) say(deliveryTable(event.deliveries, paint));
    }
    return event.status === "delivered" ? EXIT.ok : EXIT.failed;
  },
};
