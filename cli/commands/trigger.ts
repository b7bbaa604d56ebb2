// `trigger`: a sample of a provider's event takes the way of a real one. Sluice signs it with the source's own secret, which never leaves it.
import { pages, type Client } from "../client.ts";
import { jsonText, type Command } from "../command.ts";
import { readJson } from "../data.ts";
import { EXIT, Failure, Refusal, UsageError } from "../errors.ts";
import { PROVIDER_NAMES } from "../../src/model/provider-names.ts";
import { printable } from "../output.ts";
import { didYouMean } from "../suggest.ts";

const unknownProvider = (provider: string): Failure | null =>
  Object.hasOwn(PROVIDER_NAMES, provider)
    ? null
    : new Failure(`There is no provider ${provider}${didYouMean(provider, Object.keys(PROVIDER_NAMES))}`);

/** @param detail "must be one of …" */
const unknownType = (type: string, detail: string): Failure =>
  new Failure(`TYPE ${detail}${didYouMean(type, detail.replace(/^must be one of /, "").split(", "))}`);

/** The source that verifies this provider. @throws Failure if it is not one */
async function sourceOf(client: Client, provider: string): Promise<string> {
  const found: string[] = [];
  for await (const page of pages((query: { cursor?: string }) => client.call("GET /sources", { query }), {}))
    found.push(...page.filter(({ verification }) => verification.type === provider).map(({ slug }) => slug));
  const [slug, ...others] = found;
  if (slug === undefined)
    throw unknownProvider(provider) ?? new Failure(`No source verifies ${provider}: name one with --source`);
  if (others.length > 0)
    throw new Failure(`Several sources verify ${provider}: name one of ${found.join(", ")} with --source`);
  return slug;
}

const WHY = {
  no_verification: "not signed: the source verifies nobody",
  awaiting_secret: "not signed: the source has no secret yet",
  sender_only: "not signed: only the sender can",
  allowed_ips: "not signed: the source takes certain addresses only",
} as const;

export const trigger: Command = {
  summary: "Send a signed sample of a provider's event to a source",
  forms: ["PROVIDER [TYPE]"],
  options: {
    source: { value: "NAME", help: "the source (the one that verifies the provider)" },
    data: { value: "JSON|@FILE|-", help: "JSON in place of the sample's body" },
  },
  async run({ io, client, json, say }, args) {
    const [provider, type, more] = args.positionals;
    if (provider === undefined) throw new UsageError("PROVIDER is missing");
    if (more !== undefined) throw new UsageError(`unexpected argument: ${more}`);
    const data = args.text("data");
    const body = data === undefined ? undefined : await readJson(io, data, "--data");
    const id = args.text("source") ?? (await sourceOf(client, provider));
    const wanted = { provider, ...(type === undefined ? {} : { type }), ...(body === undefined ? {} : { body }) };
    const sent = await client.call("POST /sources/{id}/test", { id, body: wanted }).catch((error: unknown) => {
      // With --json, the problem as it is.
      const [fault] = error instanceof Refusal && !json ? (error.problem.errors ?? []) : [];
      if (fault?.pointer === "/provider") throw unknownProvider(provider) ?? error;
      throw fault?.pointer === "/type" && type !== undefined ? unknownType(type, fault.detail) : error;
    });
    const how = sent.unsigned_because === null ? "signed" : WHY[sent.unsigned_because];
    say(json ? jsonText(sent) : printable([sent.id, sent.event_type ?? provider, how].join("  ")));
    return EXIT.ok;
  },
};
