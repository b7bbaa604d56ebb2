// An emulator of Amazon SQS on loopback, driven by SQS's own API. It checks no signatures.
import type { AddressInfo } from "node:net";
import { buildApp } from "fauxqs";

export interface SqsMessage {
  readonly Body: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
  readonly Attributes?: Readonly<Record<string, string>>;
}

export interface Sqs {
  /** @returns the queue's URL */
  readonly createQueue: (name: string, attributes?: Readonly<Record<string, string>>) => Promise<string>;
  /** As many messages of a queue as one call gives. @param url the queue's */
  readonly receive: (url: string) => Promise<readonly SqsMessage[]>;
  readonly stop: () => Promise<void>;
}

export async function startSqs(): Promise<Sqs> {
  const app = buildApp({ logger: false });
  // It names its queues by a host that workerd does not resolve.
  const named = (text: string): string => text.replace("//127.0.0.1:", "//sqs.us-east-1.localhost:");
  app.addHook("preHandler", async ({ body }: { readonly body: unknown }) => {
    const { QueueUrl } = (body ?? {}) as { QueueUrl?: string };
    if (QueueUrl !== undefined) (body as { QueueUrl: string }).QueueUrl = named(QueueUrl);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const call = async (action: string, body: object): Promise<Readonly<Record<string, unknown>>> => {
    const response = await fetch(origin, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
    return response.json<Readonly<Record<string, unknown>>>();
  };
  return {
    createQueue: async (QueueName, Attributes = {}) =>
      `${origin}${new URL(String((await call("CreateQueue", { QueueName, Attributes }))["QueueUrl"])).pathname}`,
    receive: async (QueueUrl) => {
      const wanted = { MaxNumberOfMessages: 10, MessageAttributeNames: ["All"], AttributeNames: ["All"] };
      return ((await call("ReceiveMessage", { QueueUrl, ...wanted }))["Messages"] ?? []) as readonly SqsMessage[];
    },
    stop: () => app.close(),
  };
}
