// @ts-check
// Rules about tags, names in all series, sentences: what there is of them, and new ones.
import { ask, byId, keys, make, say, shows, told, watch, whenChanged } from "./desk.js";
import { newAlias, newRule } from "./rule.js";

/** @typedef {{kind: string, series: string, says: string, query: string, left?: number | null} & Record<string, any>} Row */
/** @type {Row[]} */
let rules = [];
/** @type {string[]} */
let series = [];
let at = 0;
/** @type {Record<string, string>} */
const KINDS = { tag_rules: "rule", aliases: "alias", sentences: "sentence" };
const body = make("tbody", {});
const table = make("div.rows", { tabindex: "0", role: "region", "aria-label": "Rules" },
  make("table.issues-table", {}, make("thead", {}, make("tr", {}, ...["what", "says", "to change yet", "series", "who", "why"].map((name) => make("th", { scope: "col" }, name)))), body));
byId("main").append(make("section.middle", {}, make("div.tools", {}, make("span.quiet", {}, "n a rule about a tag · a a name in all series · r take it back · Enter show whom it is about")), table));

/** What is to change yet by a rule, in words. @param {number | null | undefined} left */
const toChange = (left) => (left === undefined ? "" : left === null ? "cannot be read" : left ? `${left.toLocaleString("en")} picture${left === 1 ? "" : "s"}` : "nothing");

async function open() {
  const found = await told(ask("rules"));
  if (!found) return;
  shows(found);
  ({ rules, series } = found);
  body.replaceChildren(...rules.map((one, place) => make("tr", { onclick: () => go(place) },
    ...[KINDS[one.kind], one.kind === "sentences" ? `${one.still_or_crop}: ${one.says}` : one.says, toChange(one.left), one.series, one.who, one.why].map((text) => make("td", {}, text || "")))),
  rules.length ? "" : make("tr", {}, make("td.quiet", { colspan: 6 }, "There are none. A tag that is wrong wherever another holds: n says so. Sentences are said on Tags, by s.")));
  go(at);
}
/** @param {number} place */
function go(place) {
  at = Math.min(Math.max(0, place), Math.max(0, rules.length - 1));
  [...body.children].forEach((row, number) => row.classList.toggle("focus", number === at && rules.length > 0));
  body.children[at]?.scrollIntoView({ block: "nearest" });
}
function back() {
  const one = rules[at];
  if (!one) return;
  if (one.kind === "aliases") return say("alias", { series: one.series, character: one.character, name: "" });
  if (one.kind === "sentences") return say("sentence", { ids: [one.still_or_crop], sentence: null });
  return say("rule", { ...one, back: true });
}
const then = () => table.focus();
keys("Rules", [
  { keys: "ArrowUp ArrowDown", does: "another line", on: (event) => go(at + (event.key === "ArrowDown" ? 1 : -1)) },
  { keys: "n", does: "a rule: a tag is added, taken away or replaced wherever another holds", on: () => newRule({ series }).then(then) },
  { keys: "a", does: "a character's name in all series", on: () => newAlias(series).then(then) },
  { keys: "r", does: "take it back", on: back },
  { keys: "Enter", does: "show the pictures it is about", on: () => rules[at]?.query && location.assign(`/tags?q=${encodeURIComponent(rules[at].query)}`) },
]);
whenChanged(open);
watch(() => undefined);
open().then(then);
