// Tells open pages that something has happened, never what: they ask the API for that, with their own rights. Costs nothing while nobody
// watches: sockets hibernate, and consumers learn from a lease in D1, with a read that they make anyway, whether to speak at all.
import { DurableObject } from "cloudflare:workers";
import { LIVE_LEASE_MS, MAX_WATCHERS } from "../config/limits.ts";
import { systemClock } from "../kernel/clock.ts";
import { endWatch, keepWatch } from "../store/index.ts";

export class LiveFeed extends DurableObject<Env> {
  /** Takes the socket of a page. Who may watch has been decided before. */
  override async fetch(): Promise<Response> {
    if (this.ctx.getWebSockets().length >= MAX_WATCHERS) return new Response(null, { status: 503 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    await this.#lease();
    return new Response(null, { status: 101, webSocket: client });
  }

  notify(): void {
    for (const socket of this.ctx.getWebSockets()) {
      try {
        socket.send("changed");
      } catch {
        // Gone; its close event follows.
      }
    }
  }

  override async alarm(): Promise<void> {
    if (this.ctx.getWebSockets().length > 0) await this.#lease();
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    socket.close();
    if (this.ctx.getWebSockets().some((other) => other !== socket)) return;
    await this.ctx.storage.deleteAlarm();
    await endWatch(this.env.DB);
  }

  /** One row written now, and another every half of the lease while somebody stays. */
  async #lease(): Promise<void> {
    const now = systemClock();
    await keepWatch(this.env.DB, now, now + LIVE_LEASE_MS);
    await this.ctx.storage.setAlarm(now + LIVE_LEASE_MS / 2);
  }
}
