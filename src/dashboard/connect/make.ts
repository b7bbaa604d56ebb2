// Makes what a guided connection needs, in the order destination, source, connection. If one fails, what was made before is removed again.
import type { Answer, Api, ProblemBody } from "../api-client.ts";
import type { FormValues } from "../forms/form-spec.ts";
import { requestBody } from "../forms/form-values.ts";
import { neededFields, providerName } from "../forms/source-form.ts";
import { faulty } from "../forms/submit.ts";
import type { ConnectionShape, DestinationShape, List, SourceShape } from "../shapes.ts";

type Failed = { readonly ok: false; readonly problem: ProblemBody };
type Made<T> = { readonly ok: true; readonly data: T } | Failed;

const MOCK = "mock";
const SIMILAR = 200;

/** A slug that no record has, for the record that this one would be called. */
export async function freeSlug(api: Api, path: "/sources" | "/destinations", wanted: string): Promise<string> {
  const { data } = await api.get<List<{ readonly slug: string }>>(path, { search: wanted, limit: SIMILAR });
  const taken = new Set(data.map(({ slug }) => slug));
  const candidates = [wanted, ...Array.from({ length: SIMILAR }, (_, index) => `${wanted}-${index + 2}`)];
  return candidates.find((candidate) => !taken.has(candidate)) ?? wanted;
}

const first = (values: FormValues, name: string): string => (values[name]?.[0] ?? "").trim();

/** The URL's slug for a source of this type. */
export const slugOf = (type: string): string => (type === "none" ? "webhooks" : type.replaceAll("_", "-"));

/** @returns the connection, or what is wrong with a field of the form */
export async function makeConnection(api: Api, type: string, values: FormValues): Promise<Made<ConnectionShape>> {
  const destination = await destinationFor(api, values);
  if (!destination.ok) return destination;
  const undo = async (...paths: readonly string[]): Promise<void> => {
    for (const path of [...paths, ...(destination.data.isNew ? [`/destinations/${destination.data.id}`] : [])])
      await api.send("DELETE", path);
  };
  const source = await sourceFor(api, type, values);
  if (!source.ok) {
    await undo();
    return source;
  }
  const connection = await api.send<ConnectionShape>("POST", "/connections", {
    source: source.data.id,
    destination: destination.data.id,
  });
  if (!connection.ok) await undo(`/sources/${source.data.id}`);
  return connection;
}

/**
 * What a form has made that is sent again: twice, or after going back.
 * @returns the connection of the source that has the form's URL; null where that is of another type, or not connected
 */
export async function madeBefore(api: Api, type: string, values: FormValues): Promise<ConnectionShape | null> {
  const source = await api.find<SourceShape>(`/sources/${first(values, "slug")}`);
  if (source?.verification.type !== type) return null;
  const { data } = await api.get<List<ConnectionShape>>("/connections", { source: source.id, limit: 1 });
  return data[0] ?? null;
}

async function sourceFor(api: Api, type: string, values: FormValues): Promise<Answer<SourceShape> | Failed> {
  const { body, faults } = requestBody({ fields: neededFields(type, "") }, values);
  if (faults.length > 0) return { ok: false, problem: faulty(faults) };
  const slug = first(values, "slug");
  const name = first(values, "name") || providerName(type);
  const verification = { ...(body["verification"] as object | undefined), type };
  return api.send<SourceShape>("POST", "/sources", { ...body, name, slug, verification });
}

interface End {
  readonly id: string;
  readonly isNew: boolean;
}

async function destinationFor(api: Api, values: FormValues): Promise<Made<End>> {
  const to = first(values, "to");
  if (to === "existing") {
    const named = first(values, "destination");
    const isName = /^[a-z0-9_-]{1,64}$/.test(named);
    const found = isName ? await api.find<DestinationShape>(`/destinations/${named}`) : null;
    const missing = `there is no ${isName ? `destination \`${named}\`` : "such destination"}`;
    return found === null
      ? { ok: false, problem: faulty([{ pointer: "/destination", detail: `is unknown: ${missing}` }]) }
      : { ok: true, data: { id: found.id, isNew: false } };
  }
  if (to !== "url") {
    const known = await api.find<DestinationShape>(`/destinations/${MOCK}`);
    if (known?.type === "mock") return { ok: true, data: { id: known.id, isNew: false } };
  }
  const url = first(values, "url");
  const asked =
    to === "url"
      ? { url, name: first(values, "destination_name") || (URL.parse(url)?.host ?? "API") }
      : { type: "mock", name: "Mock", slug: await freeSlug(api, "/destinations", MOCK) };
  const made = await api.send<DestinationShape>("POST", "/destinations", asked);
  return made.ok ? { ok: true, data: { id: made.data.id, isNew: true } } : made;
}
