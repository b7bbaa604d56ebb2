// Notifies open pages that something has changed. Each page then reads the change from the API with its own rights. Costs nothing while no
// page is open: sockets hibernate, and consumers see from a lease in D1, in a read that they make anyway, whether to notify.
import { DurableObject } from "cloudflare:workers";
import { LIVE_LEASE_MS, MAX_WATCHERS } from "../config/limits.ts";
import { systemClock } from "../kernel/clock.ts";
import { endWatch, keepWatch } from "../store/index.ts";

export class LiveFeed extends DurableObject<Env> {
  /** Accepts the socket of a page. The caller has checked its rights. */
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
        // Closed meanwhile: its close event follows.
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

  /** Writes one row now, and one more every half lease while a page is open. */
  async #lease(): Promise<void> {
    const now = systemClock();
    await keepWatch(this.env.DB, now, now + LIVE_LEASE_MS);
    await this.ctx.storage.setAlarm(now + LIVE_LEASE_MS / 2);
  }
}
