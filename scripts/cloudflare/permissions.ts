// Which permission of an API token each part of Cloudflare's API needs, in the words of the page where tokens are made.

/** One of the reasons that Cloudflare's API gives for a refusal. */
export interface ApiFault {
  readonly code: number;
  readonly message: string;
}

export const TOKENS_PAGE = "https://dash.cloudflare.com/profile/api-tokens";

/** The first match decides. */
const PERMISSIONS: readonly (readonly [path: RegExp, permission: string])[] = [
  [/\/domains\//, "Zone, Workers Routes: Edit (for the domain's zone)"],
  [/^\/zones/, "Zone, Zone: Read (for the domain's zone)"],
  [/\/d1\//, "Account, D1: Edit"],
  [/\/storage\/kv\//, "Account, Workers KV Storage: Edit"],
  [/\/r2\//, "Account, Workers R2 Storage: Edit"],
  [/\/queues/, "Account, Queues: Edit"],
  [/\/workers\//, "Account, Workers Scripts: Edit"],
  [/^\/accounts/, "Account, Account Settings: Read"],
];

/** 10000 and 9109: the token is not valid, or not valid for this. R2 has a code of its own for an account that has not enabled it. */
const DENIED = new Set([10000, 9109]);
const R2_IS_OFF = 10042;

export const isR2Off = (codes: readonly number[]): boolean => codes.includes(R2_IS_OFF);

/** What the token lacks; null if the failure has another reason. */
export function missingPermission(
  method: string,
  path: string,
  status: number,
  errors: readonly ApiFault[],
): string | null {
  const codes = errors.map(({ code }) => code);
  if (isR2Off(codes)) return null;
  if (status !== 401 && status !== 403 && !codes.some((code) => DENIED.has(code))) return null;
  const permission = PERMISSIONS.find(([pattern]) => pattern.test(path))?.[1];
  if (permission === undefined) return `The API token is not valid. Make one at ${TOKENS_PAGE}.`;
  const verb = method === "GET" ? "read" : "change";
  return `The API token may not ${verb} this. Open ${TOKENS_PAGE}, edit the token, and add the permission "${permission}".`;
}
