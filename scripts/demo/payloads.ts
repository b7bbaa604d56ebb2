// The 329 payloads of `@octokit/webhooks-examples`, as GitHub sends them.
import { createRequire } from "node:module";

type Examples = readonly { readonly name: string; readonly examples: readonly unknown[] }[];

export interface Payload {
  /** The event type: `issues`. */
  readonly name: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

export function payloads(): Payload[] {
  const all = createRequire(import.meta.url)("@octokit/webhooks-examples") as Examples;
  return all.flatMap(({ name, examples }) =>
    examples.map((example) => ({
      name,
      body: new TextEncoder().encode(JSON.stringify(example)) as Uint8Array<ArrayBuffer>,
    })),
  );
}
