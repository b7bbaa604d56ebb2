// Why a sample event went out without a signature.

export const UNSIGNED = ["no_verification", "awaiting_secret", "sender_only", "allowed_ips"] as const;
export type Unsigned = (typeof UNSIGNED)[number];
