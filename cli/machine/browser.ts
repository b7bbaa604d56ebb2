// Opens a URL in the user's browser.
import { spawn } from "node:child_process";

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [program: string, ...args: string[]]>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Where there is no browser, nothing happens. @returns when the program has started, or cannot */
export const browse = (url: string): Promise<void> =>
  new Promise((resolve) => {
    const [program, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
    const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
    child.once("error", () => resolve());
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
