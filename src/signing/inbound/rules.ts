// The schemes by which senders prove themselves, as data. A provider is one or more of these rules; the first that a request satisfies will do.

export type Hash = "SHA-1" | "SHA-256" | "SHA-512";
export type Encoding = "hex" | "base64" | "base64url";
export type TimeUnit = "seconds" | "milliseconds" | "iso8601";

/** Where signatures stand: a header, whose value is one item, or several with a separator between them. */
export interface SignaturePlace {
  /** In lower case. */
  readonly header: string;
  /** `header` is the beginning of names that end in a number from 1 up. */
  readonly numbered?: true;
  readonly separator?: string;
  /** What the items that are signatures begin with. */
  readonly prefix?: string;
}

/** Where the signed time stands. `in: "signature"`: an item of the signature's header that begins with `name`. */
export interface TimePlace {
  readonly in: "header" | "signature" | "json";
  readonly name: string;
  readonly unit: TimeUnit;
}

interface Signed {
  readonly signature: SignaturePlace;
  readonly encoding: Encoding;
  /** See `model/signed-template.ts`. */
  readonly signed: string;
  readonly time?: TimePlace;
}

export interface HmacRule extends Signed {
  readonly scheme: "hmac";
  readonly hash: Hash;
  /** The URL as seen, and as the sender may have written it: with or without its port; some of its percent-encodings decoded. */
  readonly urlForms?: "any_port" | "decoded";
  /** The query parameter that holds the SHA-256 of the body (hexadecimal), where the body is no form. */
  readonly bodyHashParameter?: string;
}

export interface PublicKeyRule extends Signed {
  readonly scheme: "public_key";
  readonly algorithm: "ed25519" | "ecdsa_p256_der";
}

/** The secret itself is sent. `whole`: as the header's value; `bearer`, `basic`: RFC 6750, RFC 7617. */
export interface SecretRule {
  readonly scheme: "secret";
  readonly in: "header" | "query";
  readonly name: string;
  readonly form: "whole" | "bearer" | "basic";
}

/** Proofs that stand in the body. */
export interface InBodyRule {
  readonly scheme: "in_body";
  readonly format: "mailgun" | "adyen" | "microsoft_graph";
}

interface SnsRule {
  readonly scheme: "sns";
}

export type Rule = HmacRule | PublicKeyRule | SecretRule | InBodyRule | SnsRule;

export interface Preset {
  /** Where the provider describes it. */
  readonly docs: string;
  /** What belongs into `secrets`, for people. */
  readonly secrets: string;
  readonly rules: readonly Rule[];
}
