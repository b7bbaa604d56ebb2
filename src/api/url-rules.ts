// The rules for URLs that come in through the API: the host that the client calls is one of ours.
import type { Context } from "hono";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid } from "../model/problem.ts";
import { checkUrl, type UrlPorts } from "../outbound/index.ts";

export const urlRules = (
  c: Context<ApiEnv>,
  { settings, resolve }: Pick<ApiDeps, "settings" | "resolve">,
): UrlPorts => ({
  allowPrivate: settings.allowPrivate,
  allowHttp: settings.allowHttp,
  ownHosts: [...settings.hostnames, new URL(c.req.url).host],
  resolve,
});

/** Throws what is wrong with it. A name may be configured before it exists: it is looked up again before each request. */
export async function checkUrlField(pointer: string, url: string, rules: UrlPorts): Promise<void> {
  const checked = await checkUrl(url, rules);
  if (!checked.ok && checked.error.code !== "dns") throw invalid(pointer, checked.error.detail);
}
