// The verbs on configuration, one a file, used by the API's routes and by configuration as code alike.
export { createAlert, findNamedAlert, removeAlert, updateAlert } from "./alerts.ts";
export { applyDocument, readConfigDocument } from "./apply.ts";
export { auditEntry, type Audited } from "./audited.ts";
export { createRecord, type Written } from "./create.ts";
export type { Action, Plan } from "./document/plan.ts";
export { findNamedIn, findRecord, noneNamed } from "./find.ts";
export { pauseRecord, resumeRecord, type Pausable } from "./pause.ts";
export type { Actor, ManagementPorts } from "./ports.ts";
export { removeRecord } from "./remove.ts";
export { rotateSecret, rotationSchema } from "./rotate-secret.ts";
export { withoutSecrets } from "./secrets.ts";
export { readStoredSpec } from "./specs.ts";
export { updateRecord } from "./update.ts";
export { checkCallbacks } from "./urls.ts";
