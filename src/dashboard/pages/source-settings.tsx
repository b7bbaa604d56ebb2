// What is set for a source.
import { Badge } from "../components/badge.tsx";
import { bytes } from "../components/number.ts";
import { Facts } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { providerName } from "../forms/source-form.ts";
import type { SourceShape } from "../shapes.ts";

export const SourceSettings = ({ of: source }: { of: SourceShape }) => (
  <section class="card">
    <h2>Settings</h2>
    <Facts
      of={[
        ["State", <Badge status={source.health ?? "unknown"} />],
        ["Slug", <code>{source.slug}</code>],
        ["Verification", providerName(source.verification.type)],
        ["Requests that fail", source.verification.on_failure === "reject" ? "are refused" : "are kept as unverified"],
        ["Methods", source.allowed_methods.join(", ")],
        ["Maximum body size", bytes(source.max_body_bytes)],
        [
          "Deduplication",
          source.dedupe === null ? "–" : `${source.dedupe.key}, within ${source.dedupe.window_seconds} s`,
        ],
        [
          "Rate limit",
          source.rate_limit === null ? "–" : `${source.rate_limit.limit} per ${source.rate_limit.period_seconds} s`,
        ],
        ["Created", <Time at={source.created_at} />],
        ["Updated", <Time at={source.updated_at} />],
      ]}
    />
    <a href={`/events?source=${source.slug}`}>View events</a>
  </section>
);
