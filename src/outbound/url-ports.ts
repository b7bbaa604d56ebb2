// The URL rules that this deployment's settings ask for.
import type { Settings } from "../config/env.ts";
import type { Clock } from "../kernel/clock.ts";
import type { UrlPorts } from "./check-url.ts";
import { dohResolver } from "./resolver.ts";

/** One per isolate: it caches look-ups. */
export const urlPorts = (
  { allowPrivate, allowHttp, hostnames, dohUrls }: Settings,
  fetcher: typeof fetch,
  now: Clock,
): UrlPorts => ({
  allowPrivate,
  allowHttp,
  ownHosts: hostnames,
  resolve: dohUrls.length === 0 ? null : dohResolver(dohUrls, fetcher, now),
});
