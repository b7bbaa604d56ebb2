// Compares Sluice's signatures with the providers' SDKs. `npm run test:sdks` installs them first.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { name: "sdks", include: ["sdks/**/*.test.ts"] } });
