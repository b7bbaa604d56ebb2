// Server-rendered pages on top of the API.
export { accessGate } from "./access-gate.ts";
export { createDashboard } from "./app.tsx";
