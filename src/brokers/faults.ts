// What the errors of sockets and client libraries mean, in the words of Sluice's error codes.
import type { BrokerAddress } from "../outbound/index.ts";
import { diagnose } from "../outbound/index.ts";
import type { BrokerPorts, Fault } from "./types.ts";

/** The longest text of a broker that is kept with an attempt. Characters. */
const MAX_DETAIL = 500;

export const fault = (code: Fault["code"], detail: string): Fault => ({ code, detail: detail.slice(0, MAX_DETAIL) });

export const messageOf = (error: unknown): string =>
  error instanceof Error && error.message !== "" ? error.message : "The connection failed.";

/** Why a connection could not be opened, or broke. Opens a bare connection to the same port where the error does not say. */
export async function connectionFault(error: unknown, address: BrokerAddress, { probe }: BrokerPorts): Promise<Fault> {
  const url = new URL(`${address.secure ? "https" : "http"}://${address.host}:${address.port}/`);
  // The URL parser leaves out a scheme's own port, and the scheme decides which one is missing.
  return fault(await diagnose(known(error), url, false, probe), messageOf(error));
}

/** What workerd says of a port that does not answer, in the words that are looked for. */
const known = (error: unknown): unknown =>
  /cannot connect|connection (attempt )?failed/i.test(messageOf(error)) ? new Error("connection refused") : error;

/** The host without the brackets of an IPv6 address, as sockets take it. */
export const bareHost = ({ host }: BrokerAddress): string => host.replace(/^\[|\]$/g, "");
