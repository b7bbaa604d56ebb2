// The rules of `promtool check metrics` and of the text format: https://prometheus.io/docs/practices/naming/
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.e+]+|\+Inf|NaN)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/gy;
const UNITS = /_(milliseconds|ms|minutes|hours|kilobytes|kb|megabytes|bits|percent)(_|$)/;

export function readSeries(text: string): Series[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = "", inner = "", value = ""] = LINE.exec(line) ?? [];
      if (name === "") throw new Error(`no sample: ${line}`);
      const labels: Record<string, string> = {};
      let end = 0;
      for (const match of inner.matchAll(LABEL)) {
        const [whole, label = "", raw = ""] = match;
        labels[label] = raw.replaceAll(/\\([\\"n])/g, (_all, char: string) => (char === "n" ? "\n" : char));
        end = match.index + whole.length;
      }
      if (end !== inner.length) throw new Error(`labels of: ${line}`);
      return { name, labels, value: Number(value) };
    });
}

/** All faults of an exposition; empty when it is valid. */
export function faultsOf(text: string): string[] {
  const faults: string[] = [];
  if (!text.endsWith("\n")) faults.push("does not end with a line feed");
  const types = new Map<string, string>();
  const helped = new Set<string>();
  let current = "";
  const finished = new Set<string>();
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (helped.has(name)) faults.push(`${name}: second HELP`);
      helped.add(name);
      if (current !== "") finished.add(current);
      current = name;
    } else if (kind === "TYPE") {
      if (types.has(name)) faults.push(`${name}: second TYPE`);
      types.set(name, rest);
    } else {
      const sample = line.split(/[{ ]/)[0] ?? "";
      const family = types.has(sample) ? sample : sample.replace(/_(bucket|sum|count)$/, "");
      if (family !== current) faults.push(`${sample}: outside its family`);
      if (finished.has(family)) faults.push(`${family}: in two places`);
    }
  }
  for (const [name, type] of types) {
    if (!helped.has(name)) faults.push(`${name}: no HELP`);
    if (!/^[a-z][a-z0-9_]*$/.test(name)) faults.push(`${name}: no snake case`);
    if ((type === "counter") !== name.endsWith("_total"))
      faults.push(`${name}: _total belongs to counters, and only to them`);
    if (UNITS.test(name)) faults.push(`${name}: no base unit`);
    if (/_(bucket|sum|count|gauge|counter|histogram)$/.test(name)) faults.push(`${name}: reserved suffix`);
    if (/latency|duration|_age/.test(name) && !/_seconds(_total)?$/.test(name))
      faults.push(`${name}: time without seconds`);
  }
  const seen = new Set<string>();
  const series = readSeries(text);
  for (const { name, labels, value } of series) {
    const key = name + JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.has(key)) faults.push(`${key}: twice`);
    seen.add(key);
    if (Number.isNaN(value) || value < 0) faults.push(`${key}: ${value}`);
    if (Object.keys(labels).some((label) => label !== label.toLowerCase())) faults.push(`${key}: label in capitals`);
    if ("le" in labels !== name.endsWith("_bucket")) faults.push(`${key}: le`);
  }
  for (const [name, type] of types) if (type === "histogram") faults.push(...histogramFaults(name, series));
  return faults;
}

function histogramFaults(name: string, series: readonly Series[]): string[] {
  const faults: string[] = [];
  for (const count of series.filter((one) => one.name === `${name}_count`)) {
    const same = (labels: Series["labels"]): boolean =>
      Object.entries(count.labels).every(([label, value]) => labels[label] === value);
    const buckets = series.filter((one) => one.name === `${name}_bucket` && same(one.labels));
    const bounds = buckets.map(({ labels }) => Number((labels["le"] ?? "").replace("+Inf", "Infinity")));
    if (bounds.some((bound, i) => i > 0 && bound <= (bounds[i - 1] ?? 0))) faults.push(`${name}: bounds do not rise`);
    if (bounds.at(-1) !== Infinity) faults.push(`${name}: no +Inf`);
    if (buckets.some(({ value }, i) => value < (buckets[i - 1]?.value ?? 0))) faults.push(`${name}: not cumulative`);
    if (buckets.at(-1)?.value !== count.value) faults.push(`${name}: +Inf is not the count`);
    if (!series.some((one) => one.name === `${name}_sum` && same(one.labels))) faults.push(`${name}: no sum`);
  }
  return faults;
}
