// The schemes with which senders sign requests, as data. A provider has one or more of these rules; a request must satisfy one of them.

export type Hash = "SHA-1" | "SHA-256" | "SHA-512";
export type Encoding = "hex" | "base64" | "base64url";
export type TimeUnit = "seconds" | "milliseconds" | "iso8601";

/** Where the signatures are: in a header whose value is one item, or several with a separator between them. */
export interface SignaturePlace {
  /** In lower case. */
  readonly header: string;
  /** There are several headers: `header` followed by 1, 2, 3 and so on. */
  readonly numbered?: true | undefined;
  readonly separator?: string | undefined;
  /** Items that are signatures begin with this. */
  readonly prefix?: string | undefined;
  /** After the prefix comes the id of the key and a colon. */
  readonly keyIds?: true | undefined;
}

/** Where the signed time is. `in: "signature"`: an item of the signature header that begins with `name`. */
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
  /** Also accepts the URL as the sender may have written it: with or without the port, or with some percent-encodings decoded. */
  readonly urlForms?: "any_port" | "decoded";
  /** The query parameter with the SHA-256 of the body (hexadecimal), used when the body is not a form. */
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

/** The proof is in a JSON body. */
export interface InBodyRule {
  readonly scheme: "in_body";
  readonly format: "adyen" | "microsoft_graph";
}

/** The proof is in a field of a JSON body, or in fields of a form. */
interface MailgunRule {
  readonly scheme: "mailgun";
}

interface SnsRule {
  readonly scheme: "sns";
}

export type Rule = HmacRule | PublicKeyRule | SecretRule | InBodyRule | MailgunRule | SnsRule;

export interface Preset {
  /** The provider's page. */
  readonly docs: string;
  /** What to put in `secrets`, in words for the user. */
  readonly secrets: string;
  /** How the provider's secrets begin, where others are taken too. */
  readonly begin?: string;
  readonly rules: readonly Rule[];
}
