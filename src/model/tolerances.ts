// How far the time that a sender signed may be from ours, by default. At least as long as the sender retries, unless it signs the time of
// each attempt; `docs/verification.md` gives the reason for each provider.
import { DEFAULT_TOLERANCE_SECONDS, SNS_TOLERANCE_SECONDS } from "../config/limits.ts";

/** Presets by their default in seconds. Those with 300 sign each attempt anew, or say to refuse what is older. */
export const PRESETS_BY_TOLERANCE = {
  300: ["standard_webhooks", "svix", "clerk", "resend", "openai", "stripe", "paddle", "gitlab", "paystack"],
  600: ["slack", "twitch"],
  900: ["discord"],
  3_600: ["webflow", "zendesk"],
  7_200: ["zoom"],
  28_800: ["linear"],
  36_000: ["mailgun"],
  86_400: ["calendly", "sendgrid"],
} as const;

export type TimedPreset = (typeof PRESETS_BY_TOLERANCE)[keyof typeof PRESETS_BY_TOLERANCE][number];

const OTHERS: Readonly<Record<string, number>> = {
  hubspot: DEFAULT_TOLERANCE_SECONDS,
  aws_sns: SNS_TOLERANCE_SECONDS,
  hmac: DEFAULT_TOLERANCE_SECONDS,
  jwt: DEFAULT_TOLERANCE_SECONDS,
};

/** The default of a type of verification, in seconds. Null for types that check no time. */
export function defaultTolerance(type: string): number | null {
  const found = Object.entries(PRESETS_BY_TOLERANCE).find(([, types]) => (types as readonly string[]).includes(type));
  if (found !== undefined) return Number(found[0]);
  return Object.hasOwn(OTHERS, type) ? (OTHERS[type] ?? null) : null;
}
