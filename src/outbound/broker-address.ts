// The addresses of brokers: read from their URLs, and held to the rules of URLs.
import { utf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { BROKER, type BrokerSpec } from "../model/destination.ts";
import { checkUrl, type UrlPorts } from "./check-url.ts";
import { mayBePlain, type UrlFault } from "./url-rules.ts";

export interface BrokerAddress {
  /** Whether the connection begins with TLS. */
  readonly secure: boolean;
  /** As the URL parser writes it; an IPv6 address has brackets. */
  readonly host: string;
  readonly port: number;
}

interface Placed extends BrokerAddress {
  /** JSON pointer to the field that it comes from. */
  readonly pointer: string;
}

/** What is wrong with a field, as a message for the user. */
interface AddressFault {
  readonly pointer: string;
  readonly detail: string;
}

const SCHEMES = {
  rabbitmq: { secure: "amqps:", plain: "amqp:", ports: [5671, 5672] },
  redis_stream: { secure: "rediss:", plain: "redis:", ports: [6379, 6379] },
} as const;

/** Where a destination connects to first. The host is as written; `checkAddress` looks at it. */
export function brokerAddresses(
  spec: Extract<BrokerSpec, { type: "rabbitmq" | "redis_stream" | "kafka" }>,
): Result<readonly Placed[], AddressFault> {
  if (spec.type === "kafka")
    return ok(spec.brokers.map((text, index) => ({ ...hostAndPort(text, spec.tls), pointer: `/brokers/${index}` })));
  const read = readBrokerUrl(spec.type, spec.url);
  return read.ok ? ok([{ ...read.value, pointer: "/url" }]) : err({ pointer: "/url", detail: read.error });
}

function hostAndPort(text: string, secure: boolean): BrokerAddress {
  const [, host = "", port = ""] = BROKER.exec(text) ?? [];
  return { secure, host, port: Number(port) };
}

interface BrokerUrl extends BrokerAddress {
  /** The virtual host, or the number of the database. */
  readonly path: string;
}

/** Fails with a message for the user. */
export function readBrokerUrl(type: keyof typeof SCHEMES, text: string): Result<BrokerUrl, string> {
  const { secure, plain, ports } = SCHEMES[type];
  const url = URL.parse(text);
  if (url === null) return err("is not an absolute URL");
  if (url.protocol !== secure && url.protocol !== plain) return err(`must begin with ${secure}//`);
  if (url.username !== "" || url.password !== "")
    return err("must not contain a user name or password: give them in auth");
  if (url.search !== "" || url.hash !== "") return err("must not have a query or a fragment");
  if (url.hostname === "") return err("has no host");
  const isSecure = url.protocol === secure;
  const port = url.port === "" ? (isSecure ? ports[0] : ports[1]) : Number(url.port);
  const path = decoded(url.pathname.slice(1));
  if (path === null) return err("has a path that is not percent-encoded correctly");
  if (type === "rabbitmq" && utf8(path).byteLength > 255) return err("has a virtual host of more than 255 bytes");
  if (type === "redis_stream" && !/^\d{0,5}$/.test(path))
    return err("must end with the number of a database, or no path");
  return ok({ secure: isSecure, host: url.hostname, port, path });
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The address with its host in the one notation that has been checked. Never throws. */
export async function checkAddress(address: BrokerAddress, ports: UrlPorts): Promise<Result<BrokerAddress, UrlFault>> {
  const { host, port, secure } = address;
  if (!secure && !mayBePlain(ports))
    return err({ code: "blocked_address", detail: "must use TLS: plain connections are not allowed here" });
  if (port > 65_535) return err({ code: "blocked_address", detail: "has a port above 65535" });
  // The same rules as for URLs; the parser for https also writes addresses in one notation.
  const checked = await checkUrl(`https://${host}:${port}/`, ports);
  return checked.ok ? ok({ secure, port, host: checked.value.hostname }) : checked;
}
