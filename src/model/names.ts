// The forms of names, slugs and header maps that every kind of configuration shares.
import * as z from "zod";
import { isObject } from "../kernel/json-object.ts";

const SLUG = /^[a-z0-9-]{1,64}$/;

export const slugSchema = z.string().regex(SLUG, "must be 1 to 64 characters of a-z, 0-9 and -");

export const isSlug = (text: string): boolean => SLUG.test(text);

export const nameSchema = z.string().trim().min(1).max(128);

// RFC 9110, section 5.6.2: token.
export const headerNameSchema = z
  .string()
  .regex(
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/,
    "is not an HTTP header name: 1 to 128 letters, digits and !#$%&'*+-.^_`|~",
  );
// RFC 9110, section 5.5: visible characters, spaces and tabs. Line ends would start another header.
export const headerValueSchema = z
  .string()
  .max(4_096)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "is not an HTTP header value");

export const headerMapSchema = z
  .record(headerNameSchema, headerValueSchema)
  .refine((map) => Object.keys(map).length <= 64, "contains more than 64 headers");

/** Any JSON object. Its grammar is checked elsewhere. */
export const jsonObjectSchema = z
  .custom<Readonly<Record<string, unknown>>>(isObject, "must be an object")
  .meta({ type: "object" });
