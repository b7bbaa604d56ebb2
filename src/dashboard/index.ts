// Server-rendered pages over the API. The room's public names.
export { accessGate } from "./access-gate.ts";
export { createDashboard } from "./app.tsx";
