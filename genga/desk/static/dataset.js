// @ts-check
import { ask, byId, keys, make, term, told } from "./desk.js";
import { browse } from "./browse.js";

const side = make("aside.side", { "aria-label": "What is in the data set" });
const TITLES = { in: "In, or left out and why", bucket: "Buckets", character: "Characters", tier: "Tiers" };
/** @type {Record<string, string>} */
const WORDS = {
  train: "train", "held-out": "held out", none: "no candidate", kind: "left out: kind", nobody: "left out: nobody", unnamed: "left out: unnamed",
  tier: "left out: tier", text: "left out: text", monochrome: "left out: monochrome", smeared: "left out: smeared", small: "left out: small",
  shot: "left out: enough of the shot", bucket: "left out: thin bucket",
};

/** @param {Record<string, Record<string, number>>} facets */
function fill(facets) {
  const focused = side.contains(document.activeElement) && document.activeElement instanceof HTMLElement ? document.activeElement.dataset.query : "";
  side.replaceChildren(...Object.entries(TITLES).map(([name, title]) => make("section", {}, make("h2", {}, title), make("ul.index", {},
    ...Object.entries(facets[name] || {}).map(([word, count]) => {
      const query = term(name, word);
      return make("li", {}, make("button", { type: "button", "data-query": query, onclick: () => page.show(query) },
        make("span.word", {}, (name === "in" && WORDS[word]) || (word === "none" ? "none" : word)), make("span.quiet", {}, count.toLocaleString("en"))));
    })))));
  if (focused) /** @type {HTMLElement | null} */ (side.querySelector(`[data-query="${CSS.escape(focused)}"]`))?.focus();
}
side.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const buttons = [...side.querySelectorAll("button")];
  buttons[buttons.indexOf(/** @type {any} */ (document.activeElement)) + step]?.focus();
  event.preventDefault();
  event.stopPropagation();
});

const page = browse(side, {
  search: "in:train",
  hint: "in:train · in:out · in:shot · bucket:160x96 · character:akari",
  filled: () => told(ask("facets").then((found) => fill(found.facets))),
});
keys("Data set", [
  { keys: "f", does: "what is in and what is not, and why", on: () => side.querySelector("button")?.focus() },
  { keys: "i", does: "what is learnt from", on: () => page.show("in:train") },
  { keys: "o", does: "what was left out", on: () => page.show("in:out") },
]);
byId("main").classList.add("three");
