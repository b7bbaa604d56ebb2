// A file that only its owner can read.
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Written beside the old one, which it then replaces: no moment with half a file, or with one that others can read. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const next = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(next, text, { mode: 0o600, flag: "wx" });
    // A umask can only take away.
    await chmod(next, 0o600);
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
