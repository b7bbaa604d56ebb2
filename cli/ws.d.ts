// The part of `ws` that the command line uses.
declare module "ws" {
  import type { IncomingMessage } from "node:http";

  interface Options {
    readonly headers: Readonly<Record<string, string>>;
    readonly handshakeTimeout: number;
    readonly perMessageDeflate: false;
    readonly maxPayload: number;
  }

  export class WebSocket {
    static readonly OPEN: number;
    readonly readyState: number;
    constructor(url: string, options: Options);
    on(event: "open" | "pong", listener: () => void): this;
    on(event: "message", listener: (data: Buffer<ArrayBuffer>, isBinary: boolean) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "close", listener: (code: number) => void): this;
    on(event: "unexpected-response", listener: (request: unknown, response: IncomingMessage) => void): this;
    send(text: string): void;
    ping(): void;
    close(code: number): void;
    terminate(): void;
  }
}
