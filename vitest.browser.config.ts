// The dashboard in a real browser, on a Sluice as a user starts it. `npm run test:browser`; needs Chromium (CHROMIUM, or /usr/bin/chromium).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "browser",
    globalSetup: "test/system/migrated.ts",
    setupFiles: ["test/system/setup.ts"],
    include: ["test/browser/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
