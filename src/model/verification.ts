// How a source tells its sender's requests from forged ones.
import { z } from "zod";

export const verificationSchema = z.discriminatedUnion("type", [z.strictObject({ type: z.literal("none") })]);

export type Verification = z.infer<typeof verificationSchema>;
