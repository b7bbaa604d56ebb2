declare module "parse-prometheus-text-format" {
  const parse: (text: string) => { name: string; help: string; type: string; metrics: unknown[] }[];
  export default parse;
}
