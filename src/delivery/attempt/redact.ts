// Removes credentials from answers: some destinations echo the request. Pure.
import { REDACTED } from "../../model/credentials.ts";
import { utf8, type Bytes } from "../../kernel/bytes.ts";
import type { Answer } from "../../outbound/index.ts";

/** Shorter texts are too likely to occur in an answer by chance. */
const MIN_LENGTH = 4;

/** Removes these texts and their JSON forms from the answer, also where the end of the excerpt cuts them off. */
export function redactAnswer(answer: Answer, credentials: readonly string[]): Answer {
  const texts = [...new Set(credentials.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]))]
    .filter((text) => text.length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  if (texts.length === 0) return answer;
  const redactor =
    (secrets: readonly string[]) =>
    (text: string): string =>
      withoutCutOff(
        secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text),
        secrets,
      );
  const redact = redactor(texts);
  // One character per byte: binary data may contain a credential too.
  const redactBytes = redactor(texts.map((text) => toBinary(utf8(text))));
  return {
    ...answer,
    excerpt: answer.excerpt === null ? null : redact(answer.excerpt),
    ...(answer.detail == null ? {} : { detail: redact(answer.detail) }),
    ...(answer.body == null ? {} : { body: fromBinary(redactBytes(toBinary(answer.body))) }),
    headers:
      answer.headers === null
        ? null
        : Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, redact(value)])),
  };
}

function withoutCutOff(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length - 1; length >= MIN_LENGTH; length--) {
      if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + REDACTED;
    }
  }
  return text;
}

const toBinary = (bytes: Bytes): string => {
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
};
const fromBinary = (binary: string): Bytes => Uint8Array.from(binary, (char) => char.charCodeAt(0));
