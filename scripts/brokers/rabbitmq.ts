// A RabbitMQ node on loopback, from the operating system's package. Its management API, which is RabbitMQ's own client, declares and reads.
import { execFile, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../local-sluice.ts";
import { endProgram, findProgram, startProgram, until } from "./process.ts";

export const RABBITMQ_LOGIN = { username: "sluice", password: "planted-rabbitmq-password" };

/** As the management API gives it. */
interface RabbitmqMessage {
  readonly payload: string;
  readonly payload_encoding: "base64" | "string";
  readonly routing_key: string;
  readonly properties: Readonly<Record<string, unknown>> & { readonly headers?: Readonly<Record<string, unknown>> };
}

export interface Rabbitmq {
  /** Without credentials. */
  readonly url: string;
  /** Declares a queue, bound to an exchange by a key. */
  readonly declare: (queue: string, exchange?: string, key?: string, args?: object) => Promise<void>;
  /** Takes all messages out of a queue. */
  readonly take: (queue: string) => Promise<readonly RabbitmqMessage[]>;
  /** Stops the node as a crash does; its messages stay on disk. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Ends it and removes everything. */
  readonly stop: () => Promise<void>;
}

/** Null when it is not installed. */
export async function startRabbitmq(): Promise<Rabbitmq | null> {
  // Not the one in the path: Debian's wrapper runs it as another user.
  const program = findProgram("rabbitmq-server", "/usr/lib/rabbitmq/bin");
  if (program === null) return null;
  const folder = await mkdtemp(join(tmpdir(), "sluice-rabbitmq-"));
  const [port, managementPort, distPort, epmdPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  await Promise.all(["mnesia", "log"].map((name) => mkdir(join(folder, name))));
  await writeFile(
    join(folder, "rabbitmq.conf"),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      "management.tcp.ip = 127.0.0.1",
      `management.tcp.port = ${managementPort}`,
      `default_user = ${RABBITMQ_LOGIN.username}`,
      `default_pass = ${RABBITMQ_LOGIN.password}`,
      "loopback_users = none",
      "log.console = false",
      "max_message_size = 262144",
      "",
    ].join("\n"),
  );
  await writeFile(join(folder, "enabled_plugins"), "[rabbitmq_management].\n");
  const env = {
    HOME: folder,
    RABBITMQ_NODENAME: `sluice${port}@localhost`,
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
  };
  const authorization = `Basic ${btoa(`${RABBITMQ_LOGIN.username}:${RABBITMQ_LOGIN.password}`)}`;
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${managementPort}/api${path}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`RabbitMQ's management API: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = startProgram(program, [], env);
    child.stdout?.resume();
    await until("RabbitMQ did not start", () => call("GET", "/aliveness-test/%2F"));
  };
  await start();
  const name = encodeURIComponent;
  return {
    url: `amqp://127.0.0.1:${port}`,
    declare: async (queue, exchange, key = queue, args = {}) => {
      await call("PUT", `/queues/%2F/${name(queue)}`, { durable: true, arguments: args });
      if (exchange === undefined) return;
      await call("PUT", `/exchanges/%2F/${name(exchange)}`, { type: "topic", durable: true });
      await call("POST", `/bindings/%2F/e/${name(exchange)}/q/${name(queue)}`, { routing_key: key });
    },
    take: async (queue) =>
      (await call("POST", `/queues/%2F/${name(queue)}/get`, {
        count: 10_000,
        ackmode: "ack_requeue_false",
        encoding: "base64",
      })) as readonly RabbitmqMessage[],
    kill: () => endProgram(child),
    start,
    stop: async () => {
      await endProgram(child);
      // The Erlang port mapper goes on as a daemon.
      const mapper = findProgram("epmd");
      if (mapper !== null)
        await promisify(execFile)(mapper, ["-port", String(epmdPort), "-kill"]).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
