// Empty states: what to do first, with a command to paste if one helps.
import type { Child } from "hono/jsx";

export const Empty = ({ title, children }: { title: string; children?: Child }) => (
  <div class="empty">
    <h2>{title}</h2>
    {children}
  </div>
);

/** Text to copy. Without JavaScript it is selected by hand. @param label for screen readers */
export const Copyable = ({ text, label }: { text: string; label: string }) => (
  <div class="copyable">
    <pre tabindex={0} role="region" aria-label={label}>
      {text}
    </pre>
    <button class="button" type="button" data-copy hidden>
      Copy<span class="visually-hidden"> {label}</span>
    </button>
  </div>
);
