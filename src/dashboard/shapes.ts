// The API's answers as the pages read them: the contract's types.
import type { Named, Page } from "../api/index.ts";

export type List<T> = Page<T>;

export type SourceShape = Named<"Source">;
/** `health`, `state` and what belongs to it come with `?expand=state` only. */
export type DestinationShape = Named<"Destination">;
export type HealthShape = Named<"Health">;
export type ConnectionShape = Named<"Connection">;
export type EventShape = Named<"Event">;
/** Straight after the 202 it has no more than id, status and instant. */
export type EventDetail = Named<"EventWithDeliveries">;
export type DeliveryShape = Named<"Delivery">;
export type DeliveryDetail = Named<"DeliveryWithAttempts">;
/** What a delivery's latest attempt sent, built again. */
export type SentShape = Named<"SentRequest">;
export type Counts = Named<"Counts">;
export type EventReplayPlan = Named<"EventReplayPlan">;
export type AttemptShape = DeliveryDetail["attempts"][number];
export type AlertShape = Named<"Alert">;
export type IssueShape = Named<"Issue">;
export type IssueDetail = Named<"IssueDetail">;
export type PreviewShape = Named<"Preview">;
export type ReplayShape = Named<"BulkReplay">;
export type ReplayPlan = Named<"ReplayPlan">;
export type Stats = Named<"Stats">;
export type StatsSeries = Stats["series"][number];
export type Queues = Named<"Queues">;
export type Ledger = Named<"Ledger">;
export type SettingsShape = Named<"Settings">;
export type SampleSent = Named<"SampleSent">;
export type Rejections = Named<"Rejections">;
export type Token = Named<"Token">;
export type AuditEntry = Named<"AuditEntry">;
export type AlertTest = Named<"AlertTest">;
export type ConfigPlan = Named<"ConfigPlan">;
export type FilterTestResult = Named<"FilterTestResult">;
export type TransformTestResult = Named<"TransformTestResult">;
