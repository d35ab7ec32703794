// @ts-check
// What a run draws: a row for each prompt and seed, a picture for each step, beside what it is near to.
import { ask, byId, keys, make, small, term, told, watch } from "./desk.js";
import { newIssue } from "./issue.js";

const main = byId("main");
const pick = /** @type {HTMLSelectElement} */ (make("select", { id: "run", "aria-label": "Run" }));
const table = make("div.rows", { tabindex: "0", role: "grid", "aria-label": "Samples" });
const panel = make("aside.detail.wide", { "aria-label": "The sample in focus, and what it is near to" });
main.classList.add("two");
main.append(make("section.middle", {}, make("div.tools", {}, pick, make("span.quiet", {}, "f: fix the images it is near to · i: note an issue")), table), panel);

/** @type {any[][]} */
let rows = [];
let row = 0, column = 0;
/** @param {string} name */
const drawn = (name) => `/drawn/${name.split("/").map(encodeURIComponent).join("/")}`;
const figure = (/** @type {number | null} */ value) => (value === null || value === undefined ? "–" : value.toFixed(2));

async function open() {
  const found = await told(ask("samples", { run: pick.value }));
  if (!found) return;
  const by = new Map();
  for (const one of found.samples) {
    const key = `${one.prompt}-${one.seed}`;
    by.set(key, [...(by.get(key) || []), one]);
  }
  rows = [...by.values()];
  row = 0;
  column = Math.max(0, (rows[0] || []).length - 1);
  table.replaceChildren(...rows.map((cells, place) => make("div.cluster", { role: "row" },
    make("div.label", { role: "rowheader" }, make("span", {}, cells[0].prompt_text), make("span.quiet", {}, `seed ${cells[0].seed}`)),
    make("div.crops", {}, ...cells.map((one, at) => make("figure", { role: "gridcell", onclick: () => go(place, at) },
      make("img", { src: drawn(one.sample), alt: one.sample, loading: "lazy" }), make("figcaption", {}, one.step ? `step ${one.step}` : "base", one.copies ? make("i.by", {}, " copy") : "")))))));
  go(row, column);
}
/** @param {number} toRow @param {number} toColumn */
function go(toRow, toColumn) {
  row = Math.min(Math.max(0, toRow), rows.length - 1);
  column = Math.min(Math.max(0, toColumn), (rows[row] || []).length - 1);
  [...table.children].forEach((node, place) => {
    node.classList.toggle("focus", place === row);
    [...node.querySelectorAll("figure")].forEach((cell, at) => cell.classList.toggle("focus", place === row && at === column));
  });
  table.querySelector("figure.focus")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const one = rows[row]?.[column];
  if (!one) return panel.replaceChildren(make("p.quiet", {}, "This run has no samples."));
  const near = one.nearest_image || [];
  /** @param {string} id @param {string} words */
  const image = (id, words) => make("figure", {}, make("img", { src: small(id), alt: id, title: id }), make("figcaption", {}, words));
  panel.replaceChildren(make("img.large", { src: drawn(one.sample), alt: one.sample }), make("p.id", {}, one.sample),
    make("dl.facts", {}, ...[["prompt", one.prompt_text], ["recognition", figure(one.recognition_v1)], ["adherence", figure(one.adherence)], ["copies", one.copies ? "yes" : "no"]]
      .flatMap(([label, value]) => [make("dt", {}, label), make("dd", {}, value)])),
    make("h2", {}, "Nearest of what it learnt from"),
    make("div.near", {}, ...near.map((/** @type {string} */ id, /** @type {number} */ place) => image(id, `${figure(one.nearest_difference[place])} apart`)), one.copy_image && image(one.copy_image, "by pixels")));
}
const fix = () => {
  const one = rows[row]?.[column];
  const ids = one ? [...new Set([...(one.nearest_image || []), ...(one.copy_image ? [one.copy_image] : [])])] : [];
  if (ids.length) location.assign(`/tags?q=${encodeURIComponent(term("id", ...ids))}`);
};

keys("Samples", [
  { keys: "ArrowUp ArrowDown", does: "another prompt or seed", on: (event) => go(row + (event.key === "ArrowDown" ? 1 : -1), column) },
  { keys: "ArrowLeft ArrowRight", does: "another step", on: (event) => go(row, column + (event.key === "ArrowRight" ? 1 : -1)) },
  { keys: "f Enter", does: "go to the images it is near to, to put them right", on: fix },
  { keys: "i", does: "note an issue about a tag or a character", on: () => newIssue(pick.value, rows[row]?.[column]) },
  { keys: "s", does: "choose a run", on: () => pick.focus() },
]);
pick.addEventListener("change", () => open().then(() => table.focus()));
watch((project) => {
  if ([...pick.options].map((one) => one.value).join() === project.runs.join()) return;
  pick.replaceChildren(...project.runs.map((/** @type {string} */ one) => make("option", { value: one }, one)));
  if (project.runs.length) open().then(() => table.focus());
});
if (!rows.length) panel.replaceChildren(make("p.quiet", {}, "No run has samples yet."));
