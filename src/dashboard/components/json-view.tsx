// JSON in colors, foldable without JavaScript. Always left to right, whatever its texts are.
import { Inert } from "./inert.tsx";
import type { JsonNode } from "./json-tree.ts";

/** Longer texts are cut; the body as received has all of them. */
const MAX_TEXT = 1_000;

const tone = (text: string): string =>
  text.startsWith('"') ? "string" : /^(true|false|null)$/.test(text) ? "word" : "figure";

const Key = ({ name }: { name: string | null }) =>
  name === null ? null : (
    <>
      <span class="key">
        <Inert text={name} max={MAX_TEXT} ltr />
      </span>
      {": "}
    </>
  );

const Node = ({ node: { key, text, members }, end }: { node: JsonNode; end: string }) => {
  if (members === null || members.length === 0)
    return (
      <div>
        <Key name={key} />
        <span class={tone(text)}>
          <Inert text={text} max={MAX_TEXT} ltr />
        </span>
        {end}
      </div>
    );
  return (
    <>
      <details open>
        <summary>
          <Key name={key} />
          {text.charAt(0)}
          <span class="folded">
            {" "}
            {members.length} {text.charAt(1)}
          </span>
        </summary>
        <div class="members">
          {members.map((member, index) => (
            <Node node={member} end={index < members.length - 1 ? "," : ""} />
          ))}
        </div>
      </details>
      <div class="close">
        {text.charAt(1)}
        {end}
      </div>
    </>
  );
};

/** @param label for screen readers */
export const JsonView = ({ tree, label }: { tree: JsonNode; label: string }) => (
  <div class="json" dir="ltr" tabindex={0} role="region" aria-label={label}>
    <Node node={tree} end="" />
  </div>
);
