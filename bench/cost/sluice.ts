// A Sluice in a local workerd with metered bindings whose time the bench moves, and a receiver that fails when it is told to.
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Meter } from "../meter.ts";
import { convertV4MiniflareOptions, migrate, Miniflare, TOKEN, type sluiceOptions } from "../workers.ts";
import type { BatchSettings } from "./queues.ts";

const SECRET = "bench-secret";
/** Of random characters, deflate leaves three quarters: this share of them makes a third of the whole. */
const RANDOM_SHARE = 0.42;
const HEADER_BYTES = 1_500;

export interface Stored {
  readonly d1: number;
  readonly r2: number;
}

export class MeteredSluice {
  /** Whether the receiver responds to this attempt with 500. */
  fails: (attempt: number) => boolean = () => false;
  delivered = 0;
  readonly #miniflare: InstanceType<typeof Miniflare>;
  readonly #receiver = createServer((request, response) => {
    request.resume().on("end", () => {
      const failed = this.fails(Number(request.headers["sluice-attempt"]));
      if (!failed) this.delivered += 1;
      response.writeHead(failed ? 500 : 200).end(failed ? "out of order" : "ok");
    });
  });
  #origin = "";

  constructor(options: ReturnType<typeof sluiceOptions>) {
    this.#miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [options] }));
  }

  /** With a source `bench` and this destination. */
  async start(destination: Readonly<Record<string, unknown>>): Promise<void> {
    this.#receiver.listen(0, "127.0.0.1");
    await Promise.all([once(this.#receiver, "listening"), this.#miniflare.ready]);
    await migrate(this.#miniflare);
    this.#origin = (await this.#miniflare.unsafeGetDirectURL("sluice")).origin;
    const url = `http://127.0.0.1:${(this.#receiver.address() as AddressInfo).port}`;
    await this.#create("sources", { slug: "bench", verification: { type: "github", secrets: [SECRET] } });
    await this.#create("destinations", { slug: "bench", url, ...destination });
    await this.#create("connections", { source: "bench", destination: "bench" });
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
    this.#receiver.closeAllConnections();
    this.#receiver.close();
  }

  async #create(kind: string, body: object): Promise<void> {
    const response = await fetch(`${this.#origin}/api/v1/${kind}`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.status !== 201) throw new Error(`${kind}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }

  /** A webhook of JSON that deflates to about a third, with headers of 1.5 KB. */
  async post(bodyBytes: number): Promise<void> {
    const body = JSON.stringify({ id: randomText(24), text: filler(bodyBytes - 42) });
    const response = await fetch(`${this.#origin}/in/bench`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
        "x-trace": filler(HEADER_BYTES - 200),
      },
      body,
    });
    if (response.status !== 202) throw new Error(`refused: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }

  /** Hands out what the queues hold, up to a time from now or to the end. @returns whether anything waits still */
  async run(
    settings: BatchSettings,
    forMs: number | null,
  ): Promise<{ readonly counted: Meter; readonly waits: boolean }> {
    const until = forMs === null ? "" : `&for_ms=${forMs}`;
    const answer = await this.#control(`run?size=${settings.size}&wait_ms=${settings.waitMs}${until}`);
    const { waits, ...counted } = answer as Meter & { readonly waits: boolean };
    return { counted, waits };
  }

  sweep = (afterMs: number): Promise<Meter> => this.#control(`sweep?after_ms=${afterMs}`);
  meter = (): Promise<Meter> => this.#control("meter");

  async #control(path: string): Promise<Meter> {
    const response = await fetch(`${this.#origin}/bench/${path}`);
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    const counted: Meter = await response.json();
    return counted;
  }

  async stored(): Promise<Stored> {
    const db = await this.#miniflare.getD1Database("DB", "sluice");
    const { meta } = await db.prepare("SELECT 1").run();
    return { d1: meta.size_after, r2: await this.#objectBytes() };
  }

  /** How many records and objects there are. */
  async left(): Promise<number> {
    const db = await this.#miniflare.getD1Database("DB", "sluice");
    const sum = `SELECT ${["events", "deliveries", "segments"].map((table) => `(SELECT COUNT(*) FROM ${table})`).join(" + ")} AS n`;
    return ((await db.prepare(sum).first<number>("n")) ?? 0) + ((await this.#objectBytes()) > 0 ? 1 : 0);
  }

  async #objectBytes(): Promise<number> {
    const bucket = (await this.#miniflare.getR2Bucket("BODIES", "sluice")) as unknown as R2Bucket;
    let bytes = 0;
    let cursor = "";
    do {
      const page = await bucket.list(cursor === "" ? {} : { cursor });
      for (const { size } of page.objects) bytes += size;
      cursor = page.truncated ? page.cursor : "";
    } while (cursor !== "");
    return bytes;
  }
}

const randomText = (length: number): string => randomBytes(length).toString("base64url").slice(0, length);

const filler = (length: number): string => {
  const random = Math.round(length * RANDOM_SHARE);
  return randomText(random) + "lorem ipsum ".repeat(length).slice(0, length - random);
};
