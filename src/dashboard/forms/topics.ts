// What the editors link to: sections of /docs/guides.

export const TOPICS = {
  filters: "Filters",
  transforms: "Transforms",
  variables: "Headers with variables",
  retries: "Retries and circuit",
  batches: "Batches",
  verification: "Verification",
  alerts: "Alerts",
} as const;
export type Topic = keyof typeof TOPICS;
