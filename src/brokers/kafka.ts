// Produces to Kafka, acknowledged by all replicas. Each message is a request of its own: the library fails a request as a whole, although a
// part of it may have been written. It retries nothing by itself, because a message sent again could be there twice.
import { Kafka, logLevel, Partitioners, type Producer, type SASLOptions } from "kafkajs";
import { err, ok } from "../kernel/result.ts";
import { BROKER, type BrokerOf } from "../model/destination.ts";
import { headerTable } from "./headers.ts";
import { KafkaSockets, protocolFault } from "./kafka-sockets.ts";
import { onAbort } from "./on-abort.ts";
import type { Confirmed, Connect, Link, Message } from "./types.ts";

/** The library cannot read a configured IPv6 address, so it gets this name instead. */
const IN_PLACE_OF_IPV6 = "ipv6.invalid";

export const connectKafka: Connect<"kafka"> = async (destination, first, signal, ports) => {
  const sockets = new KafkaSockets(destination.tls, signal, ports);
  let failure: unknown;
  for (const broker of inTurn(destination.brokers, ports.now())) {
    await sockets.check(broker);
    const producer = producerBy(broker, destination, first, sockets);
    onAbort(signal, () => end(producer));
    try {
      await producer.connect();
      return ok(new KafkaLink(producer, destination, sockets));
    } catch (error) {
      failure = error;
      end(producer);
      // Another broker of the cluster would answer the same.
      if (signal.aborted || protocolFault(error) !== null) break;
    }
  }
  return err(await sockets.faultOf(failure));
};

/** All brokers, beginning with another one each time: one that stalls takes all the time that there is. */
const inTurn = (brokers: readonly string[], now: number): readonly string[] => {
  const start = now % brokers.length;
  return [...brokers.slice(start), ...brokers.slice(0, start)];
};

const end = (producer: Producer): void => void producer.disconnect().catch(() => undefined);

/** One that learns of the cluster from this broker. The library goes on to another one only with its retries. */
function producerBy(broker: string, destination: BrokerOf<"kafka">, first: Message, sockets: KafkaSockets): Producer {
  const { auth, timeout_ms, brokers, tls } = destination;
  const [, host = "", port = ""] = BROKER.exec(broker) ?? [];
  const name = host.startsWith("[") ? IN_PLACE_OF_IPV6 : host;
  const kafka = new Kafka({
    clientId: "sluice",
    brokers: [`${name}:${port}`],
    ssl: tls,
    ...(auth.type === "none" ? {} : { sasl: saslOf(auth, first.secrets["password"] ?? "") }),
    // Leaves time for a second broker.
    connectionTimeout: Math.ceil(timeout_ms / Math.min(brokers.length, 2)),
    authenticationTimeout: timeout_ms,
    requestTimeout: timeout_ms,
    enforceRequestTimeout: true,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
    socketFactory: ({ host: to, port: at, onConnect }) =>
      sockets.open(to === IN_PLACE_OF_IPV6 ? host.slice(1, -1) : to, at, onConnect),
  });
  return kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 0 },
  });
}

function saslOf(auth: Exclude<BrokerOf<"kafka">["auth"], { type: "none" }>, password: string): SASLOptions {
  const { type, username } = auth;
  switch (type) {
    case "sasl_plain":
      return { mechanism: "plain", username, password };
    case "sasl_scram_sha_256":
      return { mechanism: "scram-sha-256", username, password };
    case "sasl_scram_sha_512":
      return { mechanism: "scram-sha-512", username, password };
  }
}

class KafkaLink implements Link {
  readonly #producer: Producer;
  readonly #destination: BrokerOf<"kafka">;
  readonly #sockets: KafkaSockets;

  constructor(producer: Producer, destination: BrokerOf<"kafka">, sockets: KafkaSockets) {
    this.#producer = producer;
    this.#destination = destination;
    this.#sockets = sockets;
  }

  async publish(message: Message): Promise<Confirmed> {
    try {
      const [written] = await this.#producer.send({
        topic: message.address,
        acks: -1,
        timeout: this.#destination.timeout_ms,
        messages: [
          {
            key: message.key,
            value: Buffer.from(message.body),
            headers: headerTable(message.headers),
            timestamp: String(message.sentAt),
          },
        ],
      });
      return ok(JSON.stringify({ partition: written?.partition, offset: written?.baseOffset }));
    } catch (error) {
      return err(await this.#sockets.faultOf(error));
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}
