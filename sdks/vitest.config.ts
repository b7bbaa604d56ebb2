// The providers' SDKs against Sluice's signatures. `npm run test:sdks`, which installs them first.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { name: "sdks", include: ["sdks/**/*.test.ts"] } });
