// @ts-check
// What all pages of the desk share: asking and telling the server, keys, dialogs, and what is said at the foot.

const token = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="genga-desk"]')).content;
export const readOnly = document.body.hasAttribute("data-read-only");

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * A new element. Texts become text nodes, so that nothing in a name is ever markup.
 * @param {string} name  `tag.class.class`
 * @param {Record<string, any>} [attributes]  `on...` are listeners
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function make(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** @param {string} id  of a picture */
export const small = (id, key = "", large = false) =>
  `/small/${id.split("/").map(encodeURIComponent).join("/")}?v=${key}${large ? "&side=large" : ""}`;
/** @param {string} series @param {string} episode @param {number} frame */
export const frameAt = (series, episode, frame) =>
  `/frame/${encodeURIComponent(series)}/${encodeURIComponent(episode)}/${frame}`;

/** @param {Response} response */
async function answer(response) {
  const text = await response.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    value = { error: text.trim() || response.statusText };
  }
  if (!response.ok) throw new Error(value.error || response.statusText);
  return value;
}

/**
 * Ask the server for something.
 * @param {string} what @param {Record<string, string | number>} [params] @param {AbortSignal} [signal]
 */
export async function ask(what, params = {}, signal) {
  const query = new URLSearchParams(Object.entries(params).map(([key, value]) => [key, String(value)]));
  return answer(await fetch(`/api/${what}?${query}`, { signal }));
}

/** The revision of what this page shows: the server refuses what was said of something that changed since. */
let revision = 0;
/** @param {{revision?: number}} shown */
export const shows = (shown) => {
  if (shown.revision) revision = Math.max(revision, shown.revision);
};

/** A term of the search language. @param {string} key @param {string[]} words */
export function term(key, ...words) {
  const value = words.join("|");
  return `${key}:${/\s/.test(value) ? `"${value}"` : value}`;
}

/** @type {Set<() => void>} */
const listeners = new Set();
/** Call something whenever what people decided has changed. @param {() => void} listener */
export const whenChanged = (listener) => listeners.add(listener);

/**
 * Say something: it is written down, and can be undone. Returns whether all of it was.
 * @param {string} what @param {Record<string, any>} [said]
 */
export async function say(what, said = {}) {
  try {
    const body = JSON.stringify({ why: why(), revision, ...said });
    const headers = { "content-type": "application/json", "x-genga-desk": token };
    const done = await answer(await fetch(`/api/${what}`, { method: "POST", headers, body }));
    shows(done);
    const lines = done.done === undefined ? "" : ` · ${done.done} line${done.done === 1 ? "" : "s"}`;
    if (done.waits) tell(`${done.what}: waits for the end of ${done.waits}`);
    else if (done.refused && done.refused.length) tell(`${done.what}${lines}; refused: ${done.refused.join("; ")}`, true);
    else if (done.done === 0 && !done.steps) tell(`${done.what}: it is so already`);
    else tell(done.what + lines);
    await look();
    for (const listener of listeners) listener();
    return !(done.refused && done.refused.length);
  } catch (error) {
    tell(String(/** @type {Error} */ (error).message), true);
    return false;
  }
}

const why = () => /** @type {HTMLInputElement} */ (byId("why")).value.trim();

/** Say a line at the foot. @param {string} text */
export function tell(text, wrong = false) {
  const said = byId("said");
  said.textContent = text;
  said.title = text;
  said.classList.toggle("fault", wrong);
}

/** Show what went wrong instead of throwing it away. @param {Promise<any>} promise */
export const told = (promise) =>
  promise.catch((error) => {
    if (error.name !== "AbortError") tell(error.message, true);
  });

// What is going on in the project, asked every few seconds.

/** @type {any} */
export let project = null;
/** @type {Set<(project: any) => void>} */
const watchers = new Set();
/** @param {(project: any) => void} watcher */
export function watch(watcher) {
  watchers.add(watcher);
  if (project) watcher(project);
}

export async function look() {
  const before = project;
  project = await ask("project");
  revision ||= project.revision;
  const { work, episodes, read, waiting, undo, redo, faults, told: also } = project;
  const parts = [];
  if (read < episodes.length) parts.push(`reading ${read} of ${episodes.length} episodes`);
  if (work.running) parts.push(work.steps ? `run: ${work.steps[0]} of ${work.steps[1]} jobs` : "run: begins");
  else if (work.at_work) parts.push(`${work.at_work} is at work`);
  if (waiting) parts.push(`${waiting} edit${waiting === 1 ? "" : "s"} waiting`);
  byId("state").textContent = parts.join(" · ");
  byId("history").textContent = [undo && `z undo: ${undo}`, redo && "Z redo"].filter(Boolean).join(" · ");
  byId("history").title = [undo && `z undoes: ${undo}`, redo && `Z does again: ${redo}`].filter(Boolean).join("; ");
  if (faults.length && !(before && before.faults.join() === faults.join())) tell(faults.join(" · "), true);
  else if (also.length && before && before.told.join() !== also.join()) tell(also.at(-1));
  for (const watcher of watchers) watcher(project);
  if (before && before.revision !== project.revision) for (const listener of listeners) listener();
}

// Keys.

/** @typedef {{keys: string, does: string, on?: (event: KeyboardEvent) => any}} Key */
/** @type {Map<string, Key>} */
const known = new Map();
/** @type {[string, Key[]][]} */
const groups = [];

/**
 * Make keys do something, and name them in the help. `keys` are names of KeyboardEvent.key with blanks between them;
 * `Ctrl+` before one. @param {string} title @param {Key[]} keys
 */
export function keys(title, keys) {
  groups.push([title, keys]);
  for (const key of keys) for (const name of key.keys.split(" ")) if (key.on) known.set(name, key);
}

/** @param {EventTarget | null} target */
const isField = (target) =>
  target instanceof HTMLElement && (target.matches("input, select, textarea") || target.isContentEditable);

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if (isField(event.target)) {
    if (event.key === "Escape") {
      /** @type {HTMLElement} */ (event.target).blur();
      byId("main").focus();
      event.preventDefault();
    }
    return;
  }
  if (event.altKey || event.metaKey) return;
  const name = `${event.ctrlKey ? "Ctrl+" : ""}${event.key === " " ? "Space" : event.key}`;
  const key = known.get(name);
  if (!key || !key.on) return;
  if (["Enter", "Space"].includes(name) && event.target instanceof HTMLElement && event.target.closest("a, button")) return;
  event.preventDefault();
  key.on(event);
});

/** @type {{name: string, href: string}[]} */
const pages = [...document.querySelectorAll("nav a")].map((link) => ({
  name: (link.textContent || "").replace(/^\d/, ""),
  href: link.getAttribute("href") || "/",
}));

const help = /** @type {HTMLDialogElement} */ (byId("help"));
function showHelp() {
  const names = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Space: "Space", PageUp: "PgUp", PageDown: "PgDn" };
  /** @param {string} key */
  const shown = (key) => key.split("+").map((part) => /** @type {any} */ (names)[part] || part).join("+");
  byId("help-keys").replaceChildren(
    ...groups.map(([title, of]) =>
      make("section", {}, make("h3", {}, title), make("dl", {}, ...of.flatMap((key) => [
        make("dt", {}, ...key.keys.split(" ").flatMap((one, place) => [place ? " " : "", make("kbd", {}, shown(one))])),
        make("dd", {}, key.does),
      ]))),
    ),
  );
  help.showModal();
}
byId("help-button").addEventListener("click", showHelp);
help.addEventListener("click", (event) => event.target === help && help.close());

keys("Everywhere", [
  ...pages.map(({ name, href }, place) => ({ keys: String(place), does: name, on: () => location.assign(href) })),
  { keys: "? F1", does: "these keys", on: showHelp },
  { keys: "z Ctrl+z", does: "undo", on: () => say("undo") },
  { keys: "Z Ctrl+y", does: "do again", on: () => say("redo") },
  { keys: "w", does: "write why, for the lines to come", on: () => byId("why").focus() },
  { keys: "Escape", does: "leave a field; select nothing" },
]);

/**
 * Ask a person for texts; null if they would rather not.
 * @param {string} title
 * @param {{name: string, label: string, value?: string, list?: string[], choices?: string[], hint?: string, wide?: boolean}[]} fields
 * @returns {Promise<Record<string, string> | null>}
 */
export function askFor(title, fields) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("ask"));
  byId("ask-title").textContent = title;
  byId("ask-fields").replaceChildren(
    ...fields.map(({ name, label, value = "", list, choices, hint, wide }) => {
      const options = (list || choices || []).map((one) => make("option", { value: one, selected: choices && one === value }, one));
      const field = choices
        ? make("select", { name }, ...options)
        : make("input", { name, value, list: list && `list-${name}`, autocomplete: "off", spellcheck: "false" });
      return make(`label.field${wide ? ".wide" : ""}`, {}, make("span", {}, label), field, list && make("datalist", { id: `list-${name}` }, ...options), hint && make("small.quiet", {}, hint));
    }),
  );
  dialog.returnValue = "";
  dialog.showModal();
  /** @type {HTMLElement} */ (dialog.querySelector("input, select")).focus();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      const values = [.../** @type {NodeListOf<HTMLInputElement>} */ (dialog.querySelectorAll("input, select"))];
      resolve(dialog.returnValue === "yes" ? Object.fromEntries(values.map((one) => [one.name, one.value.trim()])) : null);
    }, { once: true }),
  );
}
// Enter in a field presses the first button of a form, which is Cancel: it is to be OK.
byId("ask").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && isField(event.target)) {
    event.preventDefault();
    /** @type {HTMLDialogElement} */ (byId("ask")).close("yes");
  }
});

/** @type {HTMLInputElement} */ (byId("why")).value = sessionStorage.getItem("why") || "";
byId("why").addEventListener("input", () => sessionStorage.setItem("why", why()));
byId("why").addEventListener("keydown", (event) => event.key === "Enter" && byId("main").focus());

told(look());
setInterval(() => document.hidden || told(look()), 2000);
