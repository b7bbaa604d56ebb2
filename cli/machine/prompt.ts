// Asks the person at the terminal.
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** The exit code that shells give for SIGINT. */
const INTERRUPTED = 130;

/** @param shown whether what is typed is shown @returns "" if the input ends. Ctrl-C ends the program */
export async function ask(question: string, shown: boolean): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  if (!shown) process.stderr.write(question);
  const terminal = createInterface({ input: process.stdin, output: shown ? process.stderr : nowhere, terminal: true });
  terminal.once("SIGINT", () => {
    process.stderr.write("\n");
    process.exit(INTERRUPTED);
  });
  const ended = once(terminal, "close").then(() => "");
  const asked = terminal.question(shown ? question : "").catch(() => "");
  const answer = await Promise.race([asked, ended]);
  terminal.close();
  if (!shown) process.stderr.write("\n");
  return answer;
}
