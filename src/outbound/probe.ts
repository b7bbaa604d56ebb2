// Opens a bare TCP connection and closes it again, to find out why a request failed when the runtime does not say.
import { connect } from "cloudflare:sockets";
import { PROBE_TIMEOUT_MS } from "../config/limits.ts";
import type { Probe } from "./types.ts";

export const probe: Probe = async (hostname, port) => {
  try {
    const socket = connect({ hostname, port });
    const late = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const opened = await Promise.race([
      socket.opened.then(() => true),
      new Promise<false>((resolve) => late.addEventListener("abort", () => resolve(false), { once: true })),
    ]);
    socket.close().catch(() => undefined);
    return opened;
  } catch {
    return false;
  }
};
