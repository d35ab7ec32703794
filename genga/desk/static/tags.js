// @ts-check
import { ask, byId, keys, make, told } from "./desk.js";
import { browse } from "./browse.js";

const filter = /** @type {HTMLInputElement} */ (make("input", { type: "search", id: "filter", placeholder: "filter tags", "aria-label": "Filter the tags", spellcheck: "false" }));
const list = make("ul.index", {});
const side = make("aside.side", { "aria-label": "Tags of the data set" }, make("label.tools", {}, make("kbd", {}, "f"), filter), make("div.heads", {}, make("span", {}, "tag"), make("span", {}, "stills · crops")), list);
/** @type {[string, number, number, string[]][]} */
let tags = [];
let total = 0;

function fill() {
  const wanted = filter.value.trim().toLowerCase().replaceAll(" ", "_");
  const shown = tags.filter(([tag]) => tag.includes(wanted)).slice(0, 300);
  list.replaceChildren(
    ...shown.map(([tag, stills, crops, implied]) => make("li", {},
      make("button", { type: "button", title: implied.length ? `goes along with ${implied.join(", ")}` : tag, onclick: () => page.show(quoted(tag)) },
        make("span.word", {}, tag.replaceAll("_", " ")),
        make("span.quiet", { title: "stills and crops" }, `${stills.toLocaleString("en")} · ${crops.toLocaleString("en")}`)),
      implied.length > 0 && make("small.quiet", {}, `→ ${implied.join(", ").replaceAll("_", " ")}`))),
    make("li.quiet", {}, `${shown.length} of ${total} tags`),
  );
}
/** @param {string} tag */
const quoted = (tag) => (/^[a-z]+:/.test(tag) || tag.startsWith("-") ? `tag:${tag}` : tag);

const page = browse(side, {
  search: "",
  hint: "character:akari -smile shot:12 score:0.2..0.4 disagreement:>0.3",
  filled: () => told(ask("tags").then((found) => {
    ({ tags, total } = found);
    fill();
  })),
});
filter.addEventListener("input", fill);
filter.addEventListener("keydown", (event) => {
  const first = list.querySelector("button");
  if (event.key === "ArrowDown" && first) first.focus();
  if (event.key === "Enter" && first) first.click();
});
list.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const buttons = [...list.querySelectorAll("button")];
  const next = buttons[buttons.indexOf(/** @type {any} */ (document.activeElement)) + step];
  (next || filter).focus();
  event.preventDefault();
  event.stopPropagation();
});
keys("Tags", [
  { keys: "f", does: "the tags of the data set; Enter shows who has the first", on: () => filter.focus() },
  { keys: "d", does: "the most doubtful first", on: () => page.show(`${page.search.value.replace(/\s*sort:\S+/g, "")} sort:disagreement`.trim()) },
]);
byId("main").classList.add("three");
