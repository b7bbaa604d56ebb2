// Credentials in a request's head: what has to be taken out before it is stored, or masked before it is shown. Pure.
type HeaderList = readonly (readonly [name: string, value: string])[];

/** Where credentials are in a request: names of headers (in lower case) and of query parameters (decoded). */
export interface RequestCredentials {
  readonly headers: readonly string[];
  readonly query: readonly string[];
}

interface Credentialed {
  readonly headers: HeaderList;
  readonly query: string;
  readonly options?: { readonly credentials?: RequestCredentials } | null;
}

/** In place of a credential. */
export const REDACTED = "[redacted]";

/**
 * Cookies that sign a browser in to the dashboard, or to what Cloudflare Access protects, with what stands before them. Several `cookie`
 * headers arrive as one, joined with commas.
 */
const SESSION_COOKIE =
  /(^|[;,])\s*(__Host-sluice|sluice|CF_Authorization|CF_AppSession|CF_Binding|CF_Session)\s*=[^;,]*/gi;

/** The headers without cookies that are a session with Sluice or with Cloudflare Access. Other cookies are the sender's and stay. */
export const withoutSessionCookies = (headers: HeaderList): HeaderList =>
  headers.flatMap(([name, value]): (readonly [string, string])[] => {
    if (name.toLowerCase() !== "cookie") return [[name, value]];
    const kept = value.replaceAll(SESSION_COOKIE, "").replace(/^[\s;,]+/, "");
    return kept === "" ? [] : [[name, kept]];
  });

/** The headers without those of these names. @param names in lower case */
export const withoutHeaders = (headers: HeaderList, names: readonly string[]): HeaderList =>
  names.length === 0 ? headers : headers.filter(([name]) => !names.includes(name.toLowerCase()));

/** The headers with the values of these names masked. @param names in lower case */
const maskHeaders = (headers: HeaderList, names: readonly string[]): HeaderList =>
  headers.map(([name, value]) => [name, names.includes(name.toLowerCase()) ? REDACTED : value]);

/** The request as it is shown: with the values of the credentials that its source forwards masked. */
export function maskCredentials<T extends Credentialed>(request: T): T {
  const hidden = request.options?.credentials;
  if (hidden === undefined) return request;
  const { headers, query } = request;
  return { ...request, headers: maskHeaders(headers, hidden.headers), query: maskParameters(query, hidden.query) };
}

/** The query without these parameters; everything else stays byte for byte. @param query with its question mark, or empty */
export const withoutParameters = (query: string, names: readonly string[]): string =>
  changeQuery(query, names, () => null);

/** The query with the values of these parameters masked. */
const maskParameters = (query: string, names: readonly string[]): string =>
  changeQuery(query, names, (name) => `${name}=${REDACTED}`);

function changeQuery(query: string, names: readonly string[], change: (name: string) => string | null): string {
  if (names.length === 0 || query === "") return query;
  const pairs = query.slice(1).split("&");
  const changed = pairs.flatMap((pair) => {
    return names.includes(nameIn(pair)) ? (change(pair.split("=")[0] ?? "") ?? []) : pair;
  });
  return changed.length === 0 ? "" : `?${changed.join("&")}`;
}

/** The name of a parameter as a form reads it: the first `?` of a query alone is left out. What cannot be decoded is taken as it is. */
export const nameIn = (pair: string): string => [...new URLSearchParams(`&${pair}=`).keys()][0] ?? pair;

/** The credentials that an event's source forwards, as a destination may echo them: the field's value, and its last word without a scheme. */
export function forwardedCredentials(event: Credentialed): string[] {
  const { headers: names = [], query: parameters = [] } = event.options?.credentials ?? {};
  const query = new URLSearchParams(event.query);
  return [
    ...event.headers.flatMap(([name, value]) =>
      names.includes(name.toLowerCase()) ? [value, value.split(" ").at(-1) ?? value] : [],
    ),
    ...parameters.flatMap((name) => query.getAll(name)),
  ].filter((value) => value !== "");
}
