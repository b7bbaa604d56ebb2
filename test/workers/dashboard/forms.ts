// The fields of a page's main form as a browser sends them: filled in, selected and checked ones.

const decode = (text: string): string =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
const attribute = (tag: string, name: string): string | undefined => {
  const value = new RegExp(`\\s${name}(?:="([^"]*)")?(?=[\\s/>])`).exec(tag);
  return value === null ? undefined : decode(value[1] ?? "");
};

/** @returns name and value of each field, in order, of the last form in the page's main part */
export function formFields(html: string): [string, string][] {
  const main = html.slice(html.indexOf("<main"));
  const form = main.slice(main.lastIndexOf("<form"));
  const fields: [string, string][] = [];
  const tags = /<input\b[^>]*>|<textarea\b[^>]*>[^<]*<\/textarea>|<select\b[^>]*>[\s\S]*?<\/select>/g;
  for (const [tag] of form.matchAll(tags)) {
    const end = tag.indexOf(">") + 1;
    const opening = tag.slice(0, end);
    const name = attribute(opening, "name");
    if (name === undefined) continue;
    if (tag.startsWith("<textarea")) fields.push([name, decode(tag.slice(end, -"</textarea>".length))]);
    else if (tag.startsWith("<select")) {
      const options = tag.match(/<option\b[^>]*>/g) ?? [];
      const chosen = options.find((option) => attribute(option, "selected") !== undefined) ?? options[0] ?? "";
      fields.push([name, attribute(chosen, "value") ?? ""]);
    } else if (attribute(opening, "type") !== "checkbox" || attribute(opening, "checked") !== undefined)
      fields.push([name, attribute(opening, "value") ?? ""]);
  }
  return fields;
}
