// @ts-check
// What is to be put right: a list that is kept in the project, and stands in the next report.
import { ask, askFor, byId, keys, make, say, shows, term, told, watch, whenChanged } from "./desk.js";

/** @type {any[]} */
let issues = [];
/** @type {string[]} */
let series = [];
let at = 0;
const body = make("tbody", {});
const table = make("div.rows", { tabindex: "0", role: "region", "aria-label": "Issues" },
  make("table.issues-table", {}, make("thead", {}, make("tr", {}, ...["state", "about", "which", "issue", "run", "series", "who", "why"].map((name) => make("th", { scope: "col" }, name)))), body));
byId("main").append(make("section.middle", {}, make("div.tools", {}, make("span.quiet", {}, "n note one · o open · f fixed · k kept as it is · r take it back · Enter show whom it is about")), table));

async function open() {
  const found = await told(ask("issues"));
  if (!found) return;
  shows(found);
  ({ issues, series } = found);
  body.replaceChildren(...issues.map((one, place) => make(`tr.state-${one.state}`, { onclick: () => go(place) },
    ...[one.state, one.about, one.name, one.issue, one.run, one.series, one.who, one.why].map((text) => make("td", {}, text || "")))),
  issues.length ? "" : make("tr", {}, make("td.quiet", { colspan: 8 }, "Nothing is noted. A sample that is wrong, a tag that is learnt badly: n notes it.")));
  go(at);
}
/** @param {number} place */
function go(place) {
  at = Math.min(Math.max(0, place), Math.max(0, issues.length - 1));
  [...body.children].forEach((row, number) => row.classList.toggle("focus", number === at && issues.length > 0));
  body.children[at]?.scrollIntoView({ block: "nearest" });
}
/** @param {string} state */
const turn = (state) => {
  const one = issues[at];
  if (one) return say("issue", { series: one.series, run: one.run || "", about: one.about, name: one.name, issue: one.issue, state, ...(one.why && !sessionStorage.getItem("why") ? { why: one.why } : {}) });
};
async function note() {
  const answer = await askFor("What is to be put right?", [
    { name: "about", label: "about", choices: ["tag", "character"], value: "tag" },
    { name: "name", label: "which", hint: "the tag, or the character" }, { name: "issue", label: "issue" },
    { name: "series", label: "series", choices: series, value: series[0] },
  ]);
  table.focus();
  if (answer) await say("issue", { state: "open", ...answer });
}
keys("Issues", [
  { keys: "ArrowUp ArrowDown", does: "another issue", on: (event) => go(at + (event.key === "ArrowDown" ? 1 : -1)) },
  { keys: "n", does: "note an issue", on: note },
  { keys: "o", does: "it is open", on: () => turn("open") },
  { keys: "f", does: "something was done about it: fixed", on: () => turn("fixed") },
  { keys: "k", does: "it is kept as it is", on: () => turn("kept") },
  { keys: "r", does: "take it back", on: () => turn("") },
  { keys: "Enter", does: "show the pictures it is about", on: () => issues[at] && location.assign(`/tags?q=${encodeURIComponent(term(issues[at].about, issues[at].name))}`) },
]);
whenChanged(open);
watch(() => undefined);
open().then(() => table.focus());
