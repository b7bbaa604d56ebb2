// JavaScript of the API reference: search, copy, and forms that send requests. The token stays in its field and is sent to this host
// only. Nothing here builds HTML: responses are shown as text.

const MAX_SHOWN = 100_000;

// ---- search ---------------------------------------------------------------------------------------------------------
const finder = document.querySelector("[data-filter]");
if (finder) {
  finder.hidden = false;
  const found = finder.querySelector("[data-found]");
  finder.querySelector("input").addEventListener("input", ({ target }) => {
    const words = target.value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const item of document.querySelectorAll("[data-find]")) {
      item.hidden = !words.every((word) => item.dataset.find.includes(word));
      count += item.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll("[data-group]"))
      group.hidden = group.querySelector("[data-find]:not([hidden])") === null;
    found.textContent = target.value === "" ? "" : `${count} found`;
  });
}

// ---- copying --------------------------------------------------------------------------------------------------------
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    void navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

// ---- sending --------------------------------------------------------------------------------------------------------
const tokenForm = document.querySelector("[data-token]");
const token = tokenForm?.querySelector("input");
tokenForm?.addEventListener("submit", (event) => event.preventDefault());
for (const form of document.querySelectorAll("[data-try], [data-token]")) form.hidden = false;

/** The request that a form describes. */
function requestOf(form) {
  const fields = [...new FormData(form)].flatMap(([field, value]) => {
    const [, where, name] = /^(path|query|header):(.*)$/.exec(field) ?? [];
    return where === undefined || value === "" || typeof value !== "string" ? [] : [{ where, name, value }];
  });
  const pairs = (wanted) => fields.filter(({ where }) => where === wanted).map(({ name, value }) => [name, value]);
  const path = pairs("path").reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
    form.dataset.try,
  );
  const query = new URLSearchParams(pairs("query"));
  const headers = new Headers(pairs("header"));
  if (token?.value && form.dataset.open === undefined) headers.set("authorization", `Bearer ${token.value}`);
  const body = form.elements.namedItem("body")?.value;
  if (body) headers.set("content-type", "application/json");
  const url = path + (query.size > 0 ? `?${query}` : "");
  return [url, { method: form.dataset.method, headers, body: body || undefined, credentials: "omit" }];
}

/** The response as text: JSON is formatted; of binary data only the size is shown. */
async function textOf(response) {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length === 0) return "";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    const shown = isJson ? JSON.stringify(JSON.parse(text), null, 2) : text;
    return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}\n…` : shown;
  } catch {
    return `${bytes.length} bytes`;
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.dataset.try === undefined) return;
  event.preventDefault();
  void send(event.target);
});

async function send(form) {
  const status = form.querySelector("[data-status]");
  const answer = form.querySelector("[data-answer]");
  status.textContent = "Sent…";
  answer.hidden = true;
  try {
    const started = performance.now();
    const response = await fetch(...requestOf(form));
    const text = await textOf(response);
    status.textContent = `${response.status} ${response.statusText} after ${Math.round(performance.now() - started)} ms`;
    answer.textContent = text;
    answer.hidden = text === "";
  } catch {
    status.textContent = "No response. Check your network connection.";
  }
}
