// Sums up `npm run test:security` in one line: how much was tried, and how much of it came out wrong.
import type { Reporter, TestCase, TestModule } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** How many inputs this test tries; one where it does not say. */
    tried?: number;
  }
}

export default class SecurityReporter implements Reporter {
  #tried = 0;
  #wrong = 0;

  onTestCaseResult(test: TestCase): void {
    this.#tried += test.meta().tried ?? 1;
    if (test.result().state !== "passed") this.#wrong += 1;
  }

  /** A file that cannot be run at all is wrong too. */
  onTestModuleEnd(module: TestModule): void {
    this.#wrong += module.errors().length;
  }

  onTestRunEnd(): void {
    console.log(`tried ${this.#tried}, wrong ${this.#wrong}`);
  }
}
