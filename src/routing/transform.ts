// Applies a connection's transform to a request. The event itself does not change, and parts that the transform does not name keep their
// exact bytes.
import { err, ok, type Result } from "../kernel/result.ts";
import { headerValue, type HeaderList, type SluiceEvent } from "../model/event.ts";
import type { Transform } from "../model/transform.ts";
import { compileExpression, type Expression, type Surroundings } from "./expression/index.ts";
import type { Fault } from "./filter-compile.ts";
import { pointerTo } from "./filter-compile.ts";
import type { BodySource } from "./request-views.ts";
import { parseTemplate, render, type Template } from "./template.ts";
import { templateValues, type TemplateValues } from "./template-values.ts";

export interface CompiledTransform {
  readonly spec: Transform;
  readonly headers: ReadonlyMap<string, Template>;
  readonly query: ReadonlyMap<string, Template>;
  readonly path: Template | null;
  readonly body: Expression | null;
  readonly readsBody: boolean;
}

/** Headers that detect loops or identify the delivery, and headers of the HTTP connection. */
const UNTOUCHABLE = /^(sluice-.*|webhook-(id|timestamp)|host|connection|content-length|transfer-encoding)$/i;

/** @param pointer of the transform within the request body */
export function compileTransform(spec: Transform, pointer = "/transform"): Result<CompiledTransform, Fault> {
  let fault: Fault | null = null;
  const template = (text: string, at: string): Template => {
    const parsed = parseTemplate(text);
    if (parsed.ok) return parsed.value;
    fault ??= { pointer: at, detail: parsed.error };
    return { pieces: [], readsBody: false };
  };
  const templates = (group: "headers" | "query"): Map<string, Template> =>
    new Map(
      Object.entries(spec[group]?.set ?? {}).map(([name, text]) => [
        name,
        template(text, pointerTo(`${pointer}/${group}/set`, name)),
      ]),
    );
  const names = spec.headers ?? {};
  for (const [at, name] of [
    ...(names.remove ?? []).map((removed, index) => [`remove/${index}`, removed] as const),
    ...Object.entries(names.rename ?? {}).flatMap(([from, to]) =>
      [from, to].map((either) => [pointerTo("rename", from), either] as const),
    ),
    ...Object.keys(names.set ?? {}).map((set) => [pointerTo("set", set), set] as const),
  ]) {
    if (UNTOUCHABLE.test(name))
      fault ??= { pointer: `${pointer}/headers/${at}`, detail: "belongs to Sluice or to the connection" };
  }
  const headers = templates("headers");
  const query = templates("query");
  const path = spec.path === undefined ? null : template(spec.path, `${pointer}/path`);
  const body = spec.body === undefined ? null : compileExpression(spec.body);
  if (body?.ok === false) fault ??= { pointer: `${pointer}/body`, detail: `is not a valid expression: ${body.error}` };
  if (fault !== null) return err(fault);
  const readsBody =
    body !== null || [...headers.values(), ...query.values(), path].some((each) => each?.readsBody === true);
  return ok({ spec, headers, query, path, body: body?.ok === true ? body.value : null, readsBody });
}

export interface Transformed {
  readonly event: SluiceEvent;
  /** Set if the transform sets it; takes precedence over the destination's. */
  readonly method: Transform["method"] | null;
  readonly pathSet: boolean;
}

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Fails with a message for the user; never throws.
 * @param body needed only if `readsBody` is true
 */
export function applyTransform(
  transform: CompiledTransform,
  event: SluiceEvent,
  body: BodySource,
  sourceSlug: string | null,
  chance: Pick<Surroundings, "now" | "random">,
): Result<Transformed, string> {
  const read = templateValues(event, transform.readsBody ? body : null, sourceSlug);
  if (!read.ok) return read;
  const values = read.value;
  const headers = changeHeaders(transform, event.headers, values);
  if (!headers.ok) return headers;
  const query = changeQuery(transform, event.query, values);
  if (!query.ok) return query;
  const path = transform.path === null ? ok(event.path) : render(transform.path, values, pathSegment);
  if (!path.ok) return err(`path: ${path.error}`);
  if (path.value.split("/").some((segment) => /^(\.|%2e){1,2}$/i.test(segment)))
    return err("path: a segment would be . or ..");
  const changed: SluiceEvent = { ...event, headers: headers.value, query: query.value, path: path.value };
  const outcome = { method: transform.spec.method ?? null, pathSet: transform.path !== null };
  if (transform.body === null) return ok({ event: changed, ...outcome });
  const made = transform.body.run(values.body, { bindings: values, ...chance });
  if (!made.ok) return err(`body: ${made.error}`);
  const withBody: SluiceEvent = {
    ...changed,
    headers: asJson(changed.headers),
    body: { kind: "inline", bytes: made.value },
    body_bytes: made.value.byteLength,
  };
  return ok({ event: withBody, ...outcome });
}

const pathSegment = (value: string): string => encodeURIComponent(value);

function changeHeaders(
  { spec, headers: set }: CompiledTransform,
  headers: HeaderList,
  values: TemplateValues,
): Result<HeaderList, string> {
  const removed = new Set((spec.headers?.remove ?? []).map((name) => name.toLowerCase()));
  const renamed = new Map(
    Object.entries(spec.headers?.rename ?? {}).map(([from, to]) => [from.toLowerCase(), to] as const),
  );
  const written: [string, string][] = [];
  for (const [name, template] of set) {
    const value = render(template, values);
    if (!value.ok) return err(`headers.${name}: ${value.error}`);
    if (!HEADER_VALUE.test(value.value)) return err(`headers.${name}: the value is not a valid header value`);
    written.push([name, value.value]);
  }
  const over = new Set(written.map(([name]) => name.toLowerCase()));
  const kept = headers
    .filter(([name]) => !removed.has(name.toLowerCase()))
    .map(([name, value]) => [renamed.get(name.toLowerCase()) ?? name, value] as const)
    .filter(([name]) => !over.has(name.toLowerCase()));
  return ok([...kept, ...written]);
}

/** Parameters that the transform does not name keep their exact text. */
function changeQuery(
  { spec, query: set }: CompiledTransform,
  query: string,
  values: TemplateValues,
): Result<string, string> {
  if (spec.query === undefined) return ok(query);
  const removed = new Set([...(spec.query.remove ?? []), ...set.keys()]);
  const renamed = new Map(Object.entries(spec.query.rename ?? {}));
  const pieces: string[] = [];
  for (const piece of query
    .slice(1)
    .split("&")
    .filter((text) => text !== "")) {
    const name = [...new URLSearchParams(piece).keys()][0] ?? "";
    const to = renamed.get(name);
    if (spec.query.remove?.includes(name) === true || removed.has(to ?? name)) continue;
    const equals = piece.indexOf("=");
    pieces.push(to === undefined ? piece : encodeURIComponent(to) + (equals < 0 ? "" : piece.slice(equals)));
  }
  for (const [name, template] of set) {
    const value = render(template, values, encodeURIComponent);
    if (!value.ok) return err(`query.${name}: ${value.error}`);
    pieces.push(`${encodeURIComponent(name)}=${value.value}`);
  }
  return ok(pieces.length === 0 ? "" : `?${pieces.join("&")}`);
}

/** Keeps a JSON content type, and removes headers that describe the former bytes. */
function asJson(headers: HeaderList): HeaderList {
  const kept = headers.filter(([name]) => !/^(content-encoding|content-md5|digest|content-digest)$/i.test(name));
  return /[/+]json\s*(;|$)/i.test(headerValue(kept, "content-type") ?? "")
    ? kept
    : [...kept.filter(([name]) => name.toLowerCase() !== "content-type"), ["content-type", "application/json"]];
}
