// `send`: publishes an event, and waits for the outcome with `--wait`.
import type { EventWithDeliveries } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import { MAX_API_BODY_BYTES } from "../../src/config/limits.ts";
import { parseJson, readData } from "../data.ts";
import { EXIT, Failure, UsageError } from "../errors.ts";
import { colourOf, statusText } from "../output.ts";
import { askPatiently } from "../stay-connected.ts";
import { deliveryTable } from "./records.ts";

const POLL_MS = 500;
/** What an API request takes as base64, and room for the rest of it. */
const MOST_KB = Math.floor(((MAX_API_BODY_BYTES / 4) * 3) / 10_000) * 10;
const DEFAULT_WAIT_MS = 60_000;
/** For the answer to what is asked when the time is up. */
const LAST_ANSWER_MS = 1_000;
const OPEN = new Set(["accepted", "in_progress"]);

const asText = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
};

const isJson = (type: string): boolean => /^[^;]*[/+]json\s*(;|$)/i.test(type);

/**
 * The content type: as given, or derived from the bytes.
 * @param data as the user gave it @throws Failure if it says that the body is JSON, by its type, its name or its first sign, and it is not
 */
function contentTypeOf(bytes: Uint8Array, data: string, given: string | undefined): string | undefined {
  const text = asText(bytes);
  const label = data.startsWith("@") ? data.slice(1) : "--data";
  if (given === undefined ? /^@.*\.json$/i.test(data) : isJson(given)) {
    if (text === null) throw new Failure(`${label} is not UTF-8, as JSON must be`);
    parseJson(text, given === undefined ? label : `${label}, sent as ${given},`);
  }
  if (given !== undefined) return given;
  if (bytes.byteLength === 0) return undefined;
  if (text === null) return "application/octet-stream";
  try {
    JSON.parse(text);
    return "application/json";
  } catch (error) {
    if (!/^\s*[{[]/.test(text)) return "text/plain; charset=utf-8";
    const why = error instanceof Error ? error.message : "";
    throw new Failure(
      `${label} looks like JSON and is not valid: ${why}. To send it as text, add --header 'content-type: text/plain'`,
    );
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
async function settled(context: Context, id: string, withinMs: number): Promise<EventWithDeliveries> {
  const { io, client } = context;
  const until = io.now() + withinMs;
  for (;;) {
    const ask = () => client.event(id, Math.max(LAST_ANSWER_MS, until - io.now()));
    const event = await askPatiently(context, ask, until);
    const leftMs = until - io.now();
    if (!OPEN.has(event.status) || leftMs <= 0) return event;
    await io.sleep(Math.min(leftMs, POLL_MS));
  }
}

export const send: Command = {
  summary: "Publish an event to a source, or directly to destinations",
  forms: ["SOURCE", "--destination NAME..."],
  options: {
    destination: { value: "NAME", multiple: true, help: "send directly to this destination" },
    data: { value: "TEXT|@FILE|-", help: "the body: text, from a file, or from standard input" },
    header: { value: "'NAME: VALUE'", multiple: true, help: "a header" },
    delay: { value: "DURATION", help: "delay the delivery: 90s, 15m, 2h, 7d" },
    "callback-url": { value: "URL", help: "URL that gets the destination's response after success" },
    "idempotency-key": { value: "KEY", help: "repeating the same key creates no second event" },
    wait: { help: "wait until it is delivered everywhere; exit with 1 if it is not" },
    timeout: { value: "DURATION", help: "maximum time for --wait (60s)" },
  },
  async run(context, args) {
    const { io, client, json, say, paint, look } = context;
    const destinations = args.list("destination");
    const straight = destinations.length > 0;
    if (straight && args.positionals.length > 0) throw new UsageError("SOURCE cannot be used with --destination");
    const aim = straight ? { destinations } : { source: args.only("SOURCE or --destination") };
    const [delay, timeout] = [args.duration("delay"), args.duration("timeout") ?? DEFAULT_WAIT_MS];
    const given = parseHeaders(args.list("header"));
    const data = args.text("data");
    const bytes = data === undefined ? new Uint8Array() : await readData(io, data);
    const type = data === undefined ? undefined : contentTypeOf(bytes, data, given["content-type"]);
    const body = Buffer.from(bytes).toString("base64");
    // The API counts the request, not the data in it.
    if (body.length > MAX_API_BODY_BYTES)
      throw new Failure(
        `the data has ${Math.ceil(bytes.byteLength / 1_000)} KB, and send takes up to ${MOST_KB} KB. POST more to the source's URL`,
      );
    const accepted = await client.publish(
      {
        ...aim,
        body_base64: body,
        headers: { ...(type === undefined ? {} : { "content-type": type }), ...given },
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
      say(`${event.id} ${paint(statusText(event.status), colourOf(event.status))}`);
      if (event.deliveries.length > 0) say(deliveryTable(event.deliveries, look));
    }
    return event.status === "delivered" ? EXIT.ok : EXIT.failed;
  },
};
