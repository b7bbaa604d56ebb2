// What the pages gain with JavaScript: the viewer's zone, countdowns, dialogs that ask, copying. Every page works without it.
// Nothing here builds HTML from data: it moves what the server has made.

// ---- times ----------------------------------------------------------------------------------------------------------
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

function words(ms) {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function showTime(element) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  element.title = `${full.format(at)} (${element.dateTime})`;
  const now = new Date();
  if (element.dataset.kind === "until")
    element.textContent = at > now ? `in ${words(at - now)}` : `due since ${words(now - at)}`;
  else if (element.dataset.kind === "ago") element.textContent = `${words(now - at)} ago`;
  else
    element.textContent =
      at.toDateString() === now.toDateString() ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

const showTimes = (root) => root.querySelectorAll("time[datetime]").forEach(showTime);
setInterval(() => document.querySelectorAll("time[data-kind]").forEach(showTime), 1000);

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

// ---- asking before what destroys --------------------------------------------------------------------------------------
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
    textContent: "No, go back",
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

function dress(root) {
  showTimes(root);
  offerCopying(root);
}
dress(document);
