// A load generator with little overhead: prepared requests over keep-alive sockets; of responses only the length is parsed.
import { connect, type Socket } from "node:net";
import { once } from "node:events";

/** One HTTP/1.1 connection that carries one request at a time. */
class Connection {
  readonly #socket: Socket;
  #answered: ((head: string) => void) | null = null;
  #failed: ((error: Error) => void) | null = null;
  #buffer = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.#read(chunk));
    socket.on("error", (error) => this.#failed?.(error));
    socket.on("close", () => this.#failed?.(new Error("the Worker closed the connection")));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Connection(socket);
  }

  #read(chunk: string): void {
    this.#buffer += chunk;
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#buffer.slice(0, end))?.[1] ?? NaN);
    if (Number.isNaN(length)) this.#failed?.(new Error(`an answer without a length: ${this.#buffer.slice(0, end)}`));
    if (this.#buffer.length < end + 4 + length) return;
    const answer = this.#buffer;
    this.#buffer = "";
    this.#answered?.(answer);
  }

  async send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#failed = null;
    this.#socket.destroy();
  }
}

export class Load {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  static async open(port: number, width: number): Promise<Load> {
    return new Load(await Promise.all(Array.from({ length: width }, () => Connection.open(port))));
  }

  /**
   * Sends all of them, `width` at a time. Throws at the first answer that is not 202.
   * @returns milliseconds of each request, from the first byte sent to the last one received
   */
  async run(requests: readonly Buffer[]): Promise<number[]> {
    const latenciesMs: number[] = [];
    let next = 0;
    await Promise.all(
      this.#connections.map(async (connection) => {
        for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
          const sent = performance.now();
          const answer = await connection.send(request);
          latenciesMs.push(performance.now() - sent);
          if (!answer.startsWith("HTTP/1.1 202")) throw new Error(`refused: ${answer.slice(0, 300)}`);
        }
      }),
    );
    return latenciesMs;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
