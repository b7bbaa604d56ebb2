// Metric families in Prometheus' text format 0.0.4. Pure; knows nothing about what is measured.
// https://prometheus.io/docs/instrumenting/exposition_formats/

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  /** Cumulative counts up to each bound, bounds ascending. Infinity is added. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly count: number;
  readonly sum: number;
}

export type Family = { readonly name: string; readonly help: string } & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
  | { readonly type: "histogram"; readonly samples: readonly HistogramSample[] }
);

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

const series = (name: string, labels: Labels, value: number): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
};

function histogramLines(name: string, { labels, buckets, count, sum }: HistogramSample): string {
  const lines = buckets.map((bucket) => series(`${name}_bucket`, { ...labels, le: String(bucket.le) }, bucket.count));
  return [
    ...lines,
    series(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
    series(`${name}_sum`, labels, sum),
    series(`${name}_count`, labels, count),
  ].join("");
}

/** Leaves out families without a sample. */
export const exposition = (families: readonly Family[]): string =>
  families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => {
      const head = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
      const lines =
        family.type === "histogram"
          ? family.samples.map((sample) => histogramLines(family.name, sample))
          : family.samples.map(({ labels, value }) => series(family.name, labels, value));
      return head + lines.join("");
    })
    .join("");
