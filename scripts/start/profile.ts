// The configuration of `SLUICE_PLAN=free npm start`: the profile of the free plan, without R2, as `npm run deploy` makes it for such an account.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { RawConfig } from "../deploy/configuration.ts";
import { freeProfile } from "../deploy/plan.ts";
import type { Variables } from "./vars.ts";

/** @param stateDir gets the file @returns its path; null for the paid plan, which is wrangler.toml as it stands */
export async function profileFile(root: string, stateDir: string, { SLUICE_PLAN }: Variables): Promise<string | null> {
  if (SLUICE_PLAN !== "free") return null;
  const { experimental_readRawConfig: readRawConfig } = await import("wrangler");
  const base = readRawConfig({ config: join(root, "wrangler.toml") }).rawConfig as RawConfig;
  const config = freeProfile(base, false);
  const file = join(stateDir, "free.json");
  const absolute = {
    main: resolve(root, config.main ?? ""),
    assets: { ...config.assets, directory: resolve(root, config.assets?.directory ?? "") },
  };
  writeFileSync(file, JSON.stringify({ ...config, ...absolute }, null, 2));
  return file;
}
