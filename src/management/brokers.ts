// The checks of a broker's address and templates that need this deployment.
import type { BrokerSpec } from "../model/destination.ts";
import { invalid } from "../model/problem.ts";
import { brokerAddresses, checkAddress } from "../outbound/index.ts";
import { messageTemplates } from "../routing/index.ts";
import type { ManagementPorts } from "./ports.ts";
import { checkUrlField } from "./urls.ts";

/** @throws Problem that names the field. A host name may be configured before it exists: it is looked up again before each connection. */
export async function checkBroker(spec: BrokerSpec, ports: Pick<ManagementPorts, "urls" | "hasQueue">): Promise<void> {
  const templates = messageTemplates(spec);
  if (!templates.ok) throw invalid(templates.error.pointer, templates.error.detail);
  switch (spec.type) {
    case "sqs":
      return checkUrlField("/url", spec.url, ports.urls);
    case "cloudflare_queue":
      if (spec.binding !== null && !ports.hasQueue(spec.binding))
        throw invalid("/binding", "is not a queue's producer binding of this Worker, or is one of Sluice's own queues");
      return;
    default: {
      const found = brokerAddresses(spec);
      if (!found.ok) throw invalid(found.error.pointer, found.error.detail);
      for (const { pointer, ...address } of found.value) {
        const checked = await checkAddress(address, ports.urls);
        if (!checked.ok && checked.error.code !== "dns") throw invalid(pointer, checked.error.detail);
      }
    }
  }
}
