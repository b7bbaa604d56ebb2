// Attaches custom domains to the Worker. What already answers at a domain (a DNS record, another Worker) is replaced only if the user says so.
import { Advice } from "../cloudflare/advice.ts";
import type { Cloudflare } from "../cloudflare/api.ts";

interface Domain {
  readonly hostname: string;
  /** Another setting, such as another Worker. */
  readonly modified?: boolean;
}

interface Changes {
  readonly added?: readonly Domain[];
  readonly updated?: readonly Domain[];
  /** Attached to the Worker, but not in the list. */
  readonly removed?: readonly Domain[];
  /** With a DNS record of another kind. */
  readonly conflicting?: readonly Domain[];
}

const names = (domains: readonly Domain[] = []): string[] => domains.map(({ hostname }) => hostname);

/** @param replace whether the user has allowed it @throws Advice for a domain that is in use */
export async function attachDomains(
  api: Cloudflare,
  script: string,
  domains: readonly string[],
  replace: boolean,
  say: (what: string) => void,
): Promise<void> {
  if (domains.length === 0) return;
  const list = (hosts: readonly string[]) => hosts.map((hostname) => ({ hostname }));
  const changes = await api.call<Changes>("POST", `${script}/domains/changeset?replace_state=true`, list(domains));
  const taken = [
    ...names(changes.conflicting).map((host) => `${host} has a DNS record of its own.`),
    ...names(changes.updated?.filter(({ modified }) => modified === true)).map(
      (host) => `${host} belongs to another Worker.`,
    ),
  ];
  if (taken.length > 0 && !replace)
    throw new Advice(
      `The Worker is deployed, but its custom domain is not attached, because something else answers there:
  ${taken.join("\n  ")}
Look at the record in the Cloudflare dashboard under DNS. If Sluice may take its place, run this again with --replace-dns.`,
    );
  // Those that were attached by hand stay.
  const kept = names(changes.removed);
  await api.call("PUT", `${script}/domains/records`, {
    override_scope: true,
    override_existing_origin: replace,
    override_existing_dns_record: replace,
    origins: list([...domains, ...kept]),
  });
  say(`attached ${domains.join(", ")}; workers.dev stays`);
}
