// The broker's address, checked again just before the connection is opened, in the one notation that was checked.
import { err, ok, type Result } from "../kernel/result.ts";
import type { BrokerOf } from "../model/destination.ts";
import { brokerAddresses, checkAddress, type BrokerAddress } from "../outbound/index.ts";
import { fault } from "./faults.ts";
import type { BrokerPorts, Fault } from "./types.ts";

/** The first address that may be called; the fault of the last one where none may. */
export async function addressOf(
  destination: BrokerOf<"rabbitmq"> | BrokerOf<"redis_stream">,
  ports: BrokerPorts,
): Promise<Result<BrokerAddress, Fault>> {
  const found = brokerAddresses(destination);
  if (!found.ok) return err(fault("blocked_address", `The address ${found.error.detail}.`));
  const [address] = found.value;
  if (address === undefined) return err(fault("blocked_address", "There is no address."));
  const checked = await checkAddress(address, ports.urls);
  return checked.ok ? ok(checked.value) : err(fault(checked.error.code, `The address ${checked.error.detail}.`));
}
