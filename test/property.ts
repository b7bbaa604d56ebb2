// Random tests try the same cases in every run, so that a run fails for what was changed. `TEST_SEED=7 npm test` tries others.
import fc from "fast-check";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    readonly seed: number;
  }
}

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: inject("seed") });

export default fc;
