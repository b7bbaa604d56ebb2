// The sockets of one connection to a Kafka cluster, and what their errors mean. None is opened to an address that has not been checked, whatever
// the cluster's metadata names.
import { EventEmitter } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { BROKER } from "../model/destination.ts";
import { checkAddress, type BrokerAddress } from "../outbound/index.ts";
import { bareHost, connectionFault, fault, messageOf } from "./faults.ts";
import type { BrokerPorts, Fault } from "./types.ts";

/** What the library uses of a socket, before there is one. It writes nothing until it is connected. */
class LaterSocket extends EventEmitter {
  destroyed = false;
  #socket: Socket | null = null;

  follow(socket: Socket): void {
    this.#socket = socket;
    for (const event of ["data", "end", "error", "timeout", "close"])
      socket.on(event, (value?: unknown) => this.emit(event, value));
  }

  write(data: Uint8Array): boolean {
    return this.#socket?.write(data) ?? false;
  }

  end(): void {
    this.destroyed = true;
    this.#socket?.end();
  }

  unref(): void {
    this.#socket?.unref();
  }
}

export class KafkaSockets {
  readonly #tls: boolean;
  readonly #ports: BrokerPorts;
  readonly #open = new Set<Socket>();
  readonly #signal: AbortSignal;
  readonly #checked = new Map<string, BrokerAddress | Fault>();
  readonly #checks = new Map<string, Promise<void>>();
  #last: { readonly error: unknown; readonly address: BrokerAddress } | null = null;

  constructor(tls: boolean, signal: AbortSignal, ports: BrokerPorts) {
    this.#tls = tls;
    this.#ports = ports;
    this.#signal = signal;
    const destroy = (): void => this.#open.forEach((socket) => void socket.destroy());
    signal.addEventListener("abort", destroy, { once: true });
  }

  async check(broker: string): Promise<void> {
    const [, host = "", port = ""] = BROKER.exec(broker) ?? [];
    const checked = await checkAddress({ host, port: Number(port), secure: this.#tls }, this.#ports.urls);
    const refused = (): Fault =>
      checked.ok
        ? fault("blocked_address", "")
        : fault(checked.error.code, `The address ${broker} ${checked.error.detail}.`);
    this.#checked.set(broker, checked.ok ? checked.value : refused());
  }

  /** Checks a broker that the metadata has named, once for all that wait for it. */
  async #mayCall(broker: string): Promise<BrokerAddress | Fault> {
    const check = this.#checks.get(broker) ?? this.check(broker);
    this.#checks.set(broker, check);
    await check;
    return this.#checked.get(broker) ?? fault("blocked_address", `The address ${broker} has not been checked.`);
  }

  /** The library fails all that waits for a broker when one socket cannot be opened, so an unchecked one opens later instead. */
  open(host: string, port: number, onConnect: () => void): Socket {
    const name = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const address = this.#checked.get(name);
    if (address !== undefined && !isFault(address)) return this.#connect(address, onConnect);
    const later = new LaterSocket();
    void this.#openLater(later, name, onConnect);
    return later as unknown as Socket;
  }

  async #openLater(later: LaterSocket, broker: string, onConnect: () => void): Promise<void> {
    const found = await this.#mayCall(broker);
    if (isFault(found)) later.emit("error", new Error(found.detail));
    else if (!later.destroyed) later.follow(this.#connect(found, onConnect));
  }

  #connect(address: BrokerAddress, onConnect: () => void): Socket {
    const to = { host: bareHost(address), port: address.port };
    const socket = this.#tls ? connectTls({ ...to, servername: to.host }, onConnect) : connectPlain(to, onConnect);
    this.#open.add(socket);
    socket.on("error", (error: unknown) => void (this.#last = { error, address }));
    socket.on("close", () => this.#open.delete(socket));
    if (this.#signal.aborted) socket.destroy();
    return socket;
  }

  async faultOf(error: unknown): Promise<Fault> {
    const refused = [...this.#checked.values()].filter(isFault);
    const known =
      protocolFault(error) ??
      refused.find(({ detail }) => causesOf(error).some(({ message }) => message.includes(detail)));
    if (known !== undefined) return known;
    if (this.#last !== null) return connectionFault(this.#last.error, this.#last.address, this.#ports);
    if (refused[0] !== undefined) return refused[0];
    return fault(/timeout|timed out/i.test(messageOf(error)) ? "timeout" : "reset", messageOf(error));
  }
}

const isFault = (value: BrokerAddress | Fault | undefined): value is Fault => value !== undefined && "code" in value;

/** The error and what caused it. */
function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let next = error; next instanceof Error && causes.length < 5; next = next.cause) causes.push(next);
  return causes;
}

const NOT_FOUND = /^(UNKNOWN_TOPIC_OR_PARTITION|INVALID_TOPIC_EXCEPTION)$/;
const TOO_LARGE = /^(MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE)$/;
const REFUSED = /AUTHORIZATION_FAILED$|^(SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM|ILLEGAL_SASL_STATE)$/;
const THROTTLED = /^(THROTTLING_QUOTA_EXCEEDED|POLICY_VIOLATION)$/;

/** What the cluster has answered. Null where it has not. */
export function protocolFault(error: unknown): Fault | null {
  for (const cause of causesOf(error)) {
    const { type } = cause as { readonly type?: unknown };
    if (cause.name === "KafkaJSSASLAuthenticationError") return fault("auth_failed", cause.message);
    if (typeof type !== "string") continue;
    const detail = `${type}: ${cause.message}`;
    if (NOT_FOUND.test(type)) return fault("not_found", detail);
    if (TOO_LARGE.test(type)) return fault("too_large", detail);
    if (REFUSED.test(type)) return fault("auth_failed", detail);
    return fault(THROTTLED.test(type) ? "throttled" : "broker_error", detail);
  }
  return null;
}
