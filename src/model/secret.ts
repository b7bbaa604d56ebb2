// Secrets in the configuration, as stored: sealed with the master key, or the name of a secret of the Worker. There is no form for plain
// text, so none can be stored by mistake: the API seals what it gets before any schema sees it.
import * as z from "zod";

/** Sluice's own secrets must not be sent to others, so their names are reserved. */
export const secretNameSchema = z
  .string()
  .regex(/^(?![Ss][Ll][Uu][Ii][Cc][Ee]_)[A-Za-z_][A-Za-z0-9_]{0,63}$/, "is not a valid name of a secret");

export const storedSecretSchema = z.union(
  [
    z.strictObject({ sealed: z.string().regex(/^v1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+$/) }),
    z.strictObject({ secret: secretNameSchema }),
  ],
  { error: 'must be a string or {"secret": "NAME"}' },
);
export type StoredSecret = z.infer<typeof storedSecretSchema>;

/** The longest secret: enough for a key in PEM form. Characters. */
export const MAX_SECRET_LENGTH = 8_192;

/** Where secrets are in a record: a field, then the fields in it, each with one secret or a list. Every place is listed here. */
export const SECRET_PLACES = {
  sources: { verification: ["secrets", "verify_token"] },
  destinations: {
    auth: ["token", "password", "value", "secret", "client_secret", "secret_access_key", "session_token"],
    signing: ["secrets"],
  },
  connections: {},
  alerts: { target: ["url", "routing_key"] },
} as const satisfies Record<string, Readonly<Record<string, readonly string[]>>>;
