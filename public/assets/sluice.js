// JavaScript of the dashboard: the viewer's time zone, countdowns, confirmation dialogs, copying, live updates. Every page works without
// it. Nothing here builds HTML from data: it only moves elements that the server rendered.

// ---- times ----------------------------------------------------------------------------------------------------------
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const shortTime = (at) => `${day.format(at)} ${minute.format(at)}`;

function words(ms) {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function showTime(element) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  element.title = `${full.format(at)} (${element.dateTime})`;
  const now = new Date();
  if (element.dataset.kind === "until")
    element.textContent = at > now ? `in ${words(at - now)}` : `due for ${words(now - at)}`;
  else if (element.dataset.kind === "ago") element.textContent = `${words(now - at)} ago`;
  else if (element.dataset.kind === "axis") element.textContent = shortTime(at);
  else
    element.textContent =
      at.toDateString() === now.toDateString() ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

const showTimes = (root) => root.querySelectorAll("time[datetime]").forEach(showTime);
setInterval(() => document.querySelectorAll("time:is([data-kind=until], [data-kind=ago])").forEach(showTime), 1000);

/** The time of a bar, in what the browser shows when the pointer is over it. */
const showBarTimes = (root) =>
  root.querySelectorAll("rect[data-at] > title").forEach((title) => {
    const [, values] = title.textContent.split(/: (.*)/);
    title.textContent = `${shortTime(new Date(title.parentElement.dataset.at))}: ${values}`;
  });

// ---- times in filters: shown and taken in the viewer's time zone, sent in UTC ----------------------------------------------
const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const wallClock = (at) => new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);

document.querySelectorAll("input[data-instant]").forEach((input) => {
  const at = new Date(`${input.value}Z`);
  if (!Number.isNaN(at.getTime())) input.value = wallClock(at);
  const label = input.labels[0]?.querySelector("[data-zone]");
  if (label) label.textContent = `(${zone})`;
});

document.addEventListener("formdata", ({ target: form, formData }) => {
  if (form.method !== "get") return;
  for (const { name, value } of form.querySelectorAll("input[data-instant]"))
    if (value !== "") formData.set(name, new Date(value).toISOString());
  // What is not set stays out of the URL, which names the view.
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  // A form that leads to another page has its values when one goes back.
  if (form.dataset.keeps !== undefined) history.replaceState(history.state, "", `?${new URLSearchParams(formData)}`);
});

// ---- Enter in a form with trials presses the button of its fieldset, and elsewhere the one that saves ---------------------------
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("form[data-tries] input")) return;
  const { form } = event.target;
  const own = event.target.closest("fieldset")?.querySelector("button[name=try]");
  event.preventDefault();
  (own ?? form.querySelector(":scope > .buttons > button.primary")).click();
});

// ---- copying --------------------------------------------------------------------------------------------------------
const offerCopying = (root) => root.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = false));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  const text = button?.parentElement.querySelector("pre, input, textarea");
  if (text) void copy(text.value ?? text.textContent, button.firstChild);
});

async function copy(text, label) {
  await navigator.clipboard.writeText(text);
  const before = label.textContent;
  label.textContent = "Copied";
  setTimeout(() => (label.textContent = before), 1500);
}

// ---- confirmation of destructive actions --------------------------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.querySelector("[name=confirm]")) return;
  event.preventDefault();
  void submitIfConfirmed(form, event.submitter);
});

async function submitIfConfirmed(form, submitter) {
  const label = submitter?.textContent.replace(/…$/, "").trim() ?? "Yes";
  if (!(await ask(form.dataset.confirm, label))) return;
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "confirm", value: "yes" }));
  form.requestSubmit(submitter);
}

function ask(question, label) {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.textContent = question;
  text.id = "question";
  dialog.setAttribute("aria-labelledby", "question");
  const form = Object.assign(document.createElement("form"), { method: "dialog", className: "buttons" });
  const yes = Object.assign(document.createElement("button"), {
    className: "button danger",
    value: "yes",
    textContent: label,
  });
  const no = Object.assign(document.createElement("button"), {
    className: "button",
    value: "no",
    textContent: "Go back",
  });
  no.autofocus = true;
  form.append(yes, no);
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    }),
  );
}

// ---- a form is sent once, however often its button is pressed --------------------------------------------------------------
const SENDS_AGAIN_AFTER_MS = 5000;
const underWay = new Set();
document.addEventListener("submit", (event) => {
  const form = event.target;
  // A field may be called `method`.
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (underWay.has(form)) return event.preventDefault();
  underWay.add(form);
  setTimeout(() => underWay.delete(form), SENDS_AGAIN_AFTER_MS);
});
// Going back shows the page as it was left.
addEventListener("pageshow", () => underWay.clear());

/** Buttons that ask for the fields that a form has by what is selected. */
const UPDATES = "button[name=choose]";

function dress(root) {
  showTimes(root);
  showBarTimes(root);
  offerCopying(root);
  root.querySelectorAll(UPDATES).forEach((button) => (button.hidden = true));
  root.querySelectorAll("[data-all]").forEach((label) => (label.hidden = false));
}
dress(document);

// ---- a selection that decides which fields a form has: the server says which, and what was entered stays --------------------
let updates = 0;
const isSecret = (control) => control.type === "password" || control.dataset.secret !== undefined;
const entered = (control) => (control.type === "checkbox" ? control.checked : control.value);
/** The controls of a form that have a value, by name; boxes also by value. */
const controlsOf = (form) =>
  new Map(
    [...form.querySelectorAll("input:not([type=hidden]), select, textarea")].map((control) => [
      control.type === "checkbox" ? `${control.name} ${control.value}` : control.name,
      control,
    ]),
  );

function updateFor(select) {
  const button = [...(select.form?.querySelectorAll(UPDATES) ?? [])].find(({ value }) => value === select.name);
  if (button) void updateFields(select.form, button);
}

async function updateFields(form, button) {
  const update = ++updates;
  const controls = controlsOf(form);
  const before = new Map([...controls].map(([key, control]) => [key, entered(control)]));
  const body = new URLSearchParams(new FormData(form));
  for (const control of controls.values()) if (isSecret(control)) body.delete(control.name);
  body.set("choose", button.value);
  // A field may be called `action`.
  const response = await fetch(form.getAttribute("action"), { method: "POST", body }).catch(() => null);
  const page = new DOMParser().parseFromString((await response?.text().catch(() => "")) ?? "", "text/html");
  // Something else was selected meanwhile.
  if (updates !== update) return;
  const fresh = page.querySelector(`form:has(${UPDATES})`);
  // Pressing the button shows what went wrong.
  if (fresh === null) return void (button.hidden = false);
  const now = controlsOf(form);
  for (const [key, control] of controlsOf(fresh)) {
    const old = now.get(key);
    // The server does not give secrets back, and does not know what was entered meanwhile.
    if (old === undefined || !(isSecret(control) || entered(old) !== before.get(key))) continue;
    if (control.type === "checkbox") control.checked = old.checked;
    else control.value = old.value;
  }
  // What is beside the form explains the selection.
  const part = form.parentElement;
  const focused = part.contains(document.activeElement) ? placeOf(part, document.activeElement) : null;
  part.replaceChildren(...fresh.parentElement.childNodes);
  dress(part);
  if (focused) focusAt(part, focused);
}

document.addEventListener("change", ({ target }) => target.matches("select") && updateFor(target));
// A browser that goes back selects what was selected, in the page as it was at first.
addEventListener("pageshow", () =>
  document.querySelectorAll(`form:has(${UPDATES}) select`).forEach((select) => {
    const first = [...select.options].find(({ defaultSelected }) => defaultSelected) ?? select.options[0];
    if (first !== select.selectedOptions[0]) updateFor(select);
  }),
);

// ---- live: fetch the page again when something has happened, and replace its live elements --------------------------------
const MIN_BETWEEN_MS = 1000;
const live = { socket: null, timer: null, last: 0, wait: 1000, pressed: false, missed: false, leaving: false };
/** The HTML of each live element as the server sent it, before times and buttons were changed. */
const sent = new WeakMap();
document.querySelectorAll("[data-live]").forEach((part) => sent.set(part, part.outerHTML));

function schedule() {
  if (live.timer !== null || live.leaving || document.hidden) return;
  live.timer = setTimeout(refresh, Math.max(0, live.last + MIN_BETWEEN_MS - Date.now()));
}

/** Nothing is replaced while a button is being pressed or a dialog is open. */
const inHand = () => (live.missed = live.pressed || document.querySelector("dialog[open]") !== null);

function letGo() {
  live.pressed = false;
  if (live.missed) schedule();
}
addEventListener("pointerdown", () => (live.pressed = true), true);
// The click comes after both.
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(letGo), true);
document.addEventListener("close", () => setTimeout(letGo), true);

async function refresh() {
  live.timer = null;
  live.last = Date.now();
  if (inHand()) return;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (response.redirected) return location.reload();
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (inHand()) return;
    document.querySelectorAll("[data-live]").forEach((part) => takeOver(part, page.getElementById(part.id)));
  } catch {
    // Offline: the socket closes too, and reconnecting refreshes the page.
  } finally {
    live.last = Date.now();
  }
}

function takeOver(part, fresh) {
  if (fresh === null || sent.get(part) === fresh.outerHTML) return;
  // Keeps the range or rows that the viewer has selected.
  if (part.querySelector(".chosen, input:checked") !== null) return;
  const selection = getSelection();
  if (!selection.isCollapsed && part.contains(selection.anchorNode)) return;
  const html = fresh.outerHTML;
  const open = new Map([...part.querySelectorAll("details[id]")].map((details) => [details.id, details.open]));
  const known = new Set([...part.querySelectorAll("[data-row]")].map((row) => row.id));
  const row = document.activeElement?.closest("[data-row]")?.id ?? part.querySelector(".current")?.id;
  const focused = part.contains(document.activeElement) ? placeOf(part, document.activeElement) : null;
  document.adoptNode(fresh);
  fresh.querySelectorAll("details[id]").forEach((details) => (details.open = open.get(details.id) ?? details.open));
  if (known.size > 0)
    fresh.querySelectorAll("[data-row]").forEach((one) => !known.has(one.id) && one.classList.add("fresh"));
  dress(fresh);
  sent.set(fresh, html);
  part.replaceWith(fresh);
  if (row) document.getElementById(row)?.classList.add("current");
  if (focused) focusAt(fresh, focused);
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']";
/** The position of the focus: the closest element with an id, and the index within it. */
function placeOf(part, element) {
  const home = element.closest("[id]") ?? part;
  return [home.id, [...home.querySelectorAll(FOCUSABLE)].indexOf(element)];
}
function focusAt(part, [id, index]) {
  const home = part.id === id ? part : document.getElementById(id);
  const target = index < 0 ? home : home?.querySelectorAll(FOCUSABLE)[index];
  target?.focus({ preventScroll: true });
}

// A running replay changes without notifications, so its page polls.
const POLL_MS = 5000;
setInterval(() => document.querySelector("[data-poll]") !== null && schedule(), POLL_MS);

function watch() {
  if (document.body.dataset.livePage === undefined || document.hidden || live.socket !== null) return;
  const mark = document.querySelector("[data-live-mark]");
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  live.socket = socket;
  socket.addEventListener("open", () => {
    live.wait = 1000;
    if (document.hidden) return socket.close();
    if (mark) mark.hidden = false;
    // Catches up with changes between loading the page and opening the socket.
    schedule();
  });
  socket.addEventListener("message", schedule);
  socket.addEventListener("close", () => {
    live.socket = null;
    if (mark) mark.hidden = true;
    setTimeout(watch, live.wait);
    live.wait = Math.min(60_000, live.wait * 2);
  });
}

document.addEventListener("visibilitychange", () => {
  // A socket that is still opening checks `document.hidden` itself.
  if (!document.hidden) watch();
  else if (live.socket?.readyState === WebSocket.OPEN) live.socket.close();
});
addEventListener("pageshow", () => {
  live.leaving = false;
  watch();
});
// A submitted form navigates away: the current page, which it may have deleted, is not fetched again.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog") return;
  live.leaving = true;
  clearTimeout(live.timer);
  live.timer = null;
});
watch();

// ---- keys --------------------------------------------------------------------------------------------------------------
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.querySelector("a[href]"));

function move(by) {
  const all = rows();
  const at = all.findIndex((row) => row.classList.contains("current"));
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (next === undefined) return;
  all[at]?.classList.remove("current");
  next.classList.add("current");
  next.querySelector("a[href]").focus();
  next.scrollIntoView({ block: "nearest" });
}

/** Retries in the current row, or the page's own retry button. */
function retry() {
  const here = document.querySelector(".current [data-retry]") ?? document.querySelector("[data-retry]:not(tr *)");
  if (here instanceof HTMLFormElement) here.requestSubmit();
  else here?.click();
}

const KEYS = {
  "/": ["Search", () => document.getElementById("search")?.focus()],
  j: ["Next row", () => move(1)],
  k: ["Previous row", () => move(-1)],
  r: ["Retry the delivery, or replay again", retry],
  "?": ["Keyboard shortcuts", help],
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const key = KEYS[event.key];
  if (!Object.hasOwn(KEYS, event.key) || key === undefined) return;
  event.preventDefault();
  key[1]();
});

function help() {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Keyboard shortcuts");
  const list = Object.assign(document.createElement("dl"), { className: "facts" });
  for (const [key, [what]] of Object.entries(KEYS)) {
    const line = document.createElement("div");
    const name = document.createElement("dt");
    name.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    line.append(name, Object.assign(document.createElement("dd"), { textContent: what }));
    list.append(line);
  }
  const form = Object.assign(document.createElement("form"), { method: "dialog" });
  form.append(Object.assign(document.createElement("button"), { className: "button", textContent: "Close" }));
  dialog.append(list, form);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

// ---- charts: selecting a range opens its events -----------------------------------------------------------------------
document.addEventListener("pointerdown", (event) => {
  const svg = event.target.closest("[data-select] svg");
  if (svg === null || event.button !== 0) return;
  const chart = svg.closest("[data-select]");
  const bars = Number(chart.dataset.bars);
  const box = svg.getBoundingClientRect();
  const barAt = (x) => Math.min(bars - 1, Math.max(0, Math.floor(((x - box.left) / box.width) * bars)));
  const first = barAt(event.clientX);
  let last = first;
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  mark.classList.add("chosen");
  const draw = () => {
    const [from, to] = [Math.min(first, last), Math.max(first, last)];
    mark.setAttribute("x", String((from / bars) * 1000));
    mark.setAttribute("width", String(((to - from + 1) / bars) * 1000));
    mark.setAttribute("y", "0");
    mark.setAttribute("height", "100%");
  };
  draw();
  svg.append(mark);
  const onMove = (moved) => {
    last = barAt(moved.clientX);
    draw();
  };
  const stop = (ended) => {
    removeEventListener("pointermove", onMove);
    removeEventListener("pointerup", stop);
    removeEventListener("pointercancel", stop);
    if (ended.type === "pointercancel") return mark.remove();
    const start = Date.parse(chart.dataset.from);
    const step = (Date.parse(chart.dataset.to) - start) / bars;
    const target = new URL(chart.dataset.select, location.href);
    target.searchParams.set("from", new Date(start + Math.min(first, last) * step).toISOString());
    target.searchParams.set("to", new Date(start + (Math.max(first, last) + 1) * step).toISOString());
    location.assign(target);
  };
  addEventListener("pointermove", onMove);
  addEventListener("pointerup", stop);
  addEventListener("pointercancel", stop);
});

// ---- a list that narrows while typing -------------------------------------------------------------------------------
document.addEventListener("input", (event) => {
  const list = document.getElementById(event.target.dataset.narrows ?? "");
  if (list === null) return;
  const term = event.target.value.trim().toLowerCase();
  const items = [...list.querySelectorAll("li")];
  items.forEach((item) => {
    item.hidden = !`${item.textContent} ${item.querySelector("a").search}`.toLowerCase().includes(term);
  });
  document.getElementById(`${list.id}-none`).hidden = items.some((item) => !item.hidden);
});

// ---- selecting a whole group ----------------------------------------------------------------------------------------
document.addEventListener("change", (event) => {
  const boxes = event.target.closest("[data-all]")?.closest("form").querySelectorAll("input[name=id]") ?? [];
  boxes.forEach((box) => (box.checked = event.target.checked));
});

// ---- long work in steps: each response shows the progress and contains the form of the next step ------------------------------------
void goOn(document.querySelector("form[data-continue]"));

async function goOn(form) {
  if (form === null) return;
  const part = form.parentElement;
  form.querySelector("button[type=submit]").hidden = true;
  const body = new URLSearchParams(new FormData(form));
  const response = await fetch(form.action, { method: "POST", body }).catch(() => null);
  const page = new DOMParser().parseFromString((await response?.text()) ?? "", "text/html");
  const fresh = page.getElementById(part.id);
  // Pressing the button shows what went wrong.
  if (fresh === null) return void (form.querySelector("button[type=submit]").hidden = false);
  const focused = part.contains(document.activeElement) ? placeOf(part, document.activeElement) : null;
  part.replaceWith(document.adoptNode(fresh));
  dress(fresh);
  if (focused) focusAt(fresh, focused);
  void goOn(fresh.querySelector("form[data-continue]"));
}
