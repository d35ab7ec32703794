// @ts-check
// Pictures to search, look at and tag: the pages Tags and Data set, which differ in what stands at the left.
import { ask, askFor, byId, keys, make, project, say, shows, small, tell, term, told, watch, whenChanged } from "./desk.js";
import { Grid } from "./grid.js";
import { newRule } from "./rule.js";

/** @type {Record<string, string>} */
const TIERS = { b: "best", g: "good", p: "poor", j: "reject" };

/**
 * @param {HTMLElement} side  what stands at the left
 * @param {{search: string, hint: string, filled: () => void}} how
 *   search: what is looked for first; filled: called when what is known of tags may be another
 */
export function browse(side, how) {
  const grid = new Grid((item) => detail(item));
  const search = /** @type {HTMLInputElement} */ (make("input", {
    type: "search", id: "search", placeholder: how.hint, spellcheck: "false", autocomplete: "off", "aria-label": "Search",
  }));
  const tags = /** @type {HTMLInputElement} */ (make("input", {
    type: "text", id: "tags", placeholder: "smile -hat ~sky: add, take away, take the line back", spellcheck: "false",
    autocomplete: "off", "aria-label": "Tags for what is selected",
  }));
  const alone = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", id: "alone" }));
  const found = make("span.quiet", { role: "status", id: "found" });
  const panel = make("aside.detail", { "aria-label": "The picture in focus" });
  byId("main").append(
    side,
    make("section.middle", {},
      make("div.tools", {}, make("label.grow", {}, make("kbd", {}, "/"), search), found),
      grid.node,
      make("div.tools", {}, make("label.grow", {}, make("kbd", {}, "t"), tags),
        make("label.check", { title: "say it of this crop alone, not of the person in the still" }, alone, make("kbd", {}, "l"), "crop alone"))),
    panel,
  );
  const wanted = new URLSearchParams(location.search).get("q");
  search.value = wanted === null ? how.search : wanted;

  async function look() {
    const address = new URL(location.href);
    address.searchParams.set("q", search.value);
    history.replaceState(null, "", address);
    const got = await told(grid.search(search.value));
    counted();
    return got;
  }
  const counted = () => {
    const chosen = grid.selected.size ? `${grid.selected.size.toLocaleString("en")} selected of ` : "";
    found.textContent = chosen ? `${chosen}${grid.total.toLocaleString("en")}` : `${grid.total.toLocaleString("en")} found in ${Math.round(grid.took || 0)} ms`;
    document.body.dataset.found = String(grid.total);
  };
  grid.counted = counted;
  async function again() {
    shows((await told(grid.again())) || {});
    counted();
    how.filled();
  }
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    look().then(() => grid.node.focus());
  });
  tags.addEventListener("keydown", async (event) => {
    const text = tags.value;
    if (event.key !== "Enter" || !text.trim()) return;
    grid.node.focus();
    if ((await tagged(text)) && tags.value === text) tags.value = "";
  });

  /** Say tags of what is selected, or in focus. @param {string} text */
  async function tagged(text) {
    /** @type {{add: string[], remove: string[], clear: string[]}} */
    const said = { add: [], remove: [], clear: [] };
    for (const word of text.trim().split(/[\s,]+/)) {
      const verb = word.startsWith("-") && word.length > 1 ? "remove" : word.startsWith("~") ? "clear" : "add";
      said[verb].push(verb === "add" ? word.replace(/^\+(?=.)/, "") : word.slice(1));
    }
    return say("tag", { ids: grid.chosen, alone: alone.checked, ...said });
  }

  /** @type {any} */
  let shown = null;
  let asking = new AbortController();
  let timer = 0;
  /** @param {import("./grid.js").Item | null} item */
  function detail(item) {
    clearTimeout(timer);
    asking.abort();
    if (!item) return panel.replaceChildren(make("p.quiet", {}, "Nothing is in focus."));
    asking = new AbortController();
    timer = window.setTimeout(() => told(ask("picture", { id: item.id }, asking.signal).then((of) => {
      shown = of;
      shows(of);
      fill(of);
    })), shown ? 60 : 0);
  }

  /** @param {any} of */
  function fill(of) {
    /** @param {[string, number | null, number | null]} one */
    const row = ([tag, score, apart], held = true) => make("tr", {},
      make("th", { scope: "row" },
        make("button.tag", { type: "button", title: held ? "take it away" : "add it", onclick: () => tagged((held ? "-" : "") + tag) }, tag.replaceAll("_", " ")),
        tag in of.decided && make("i.by", {}, of.decided[tag] ? "+ you" : "− you"),
        of.implied[tag] && make("small.quiet", {}, `with ${of.implied[tag].join(", ").replaceAll("_", " ")}`)),
      make("td", {}, score === null ? "" : score.toFixed(2)), make("td", {}, apart === null ? "" : apart.toFixed(2)));
    /** @param {string} label @param {string} value @param {string | false} [more] */
    const fact = (label, value, more) => [make("dt", {}, label), make("dd", {}, value, more && make("span.quiet", {}, ` ${more}`))];
    /** Who says how good it is, and why. @param {any} of */
    const tierOf = ({ tier, quality, judged }) => [tier && "· you", judged.startsWith(quality) ? judged.slice(quality.length + 1) : `· judged ${judged}`].filter(Boolean).join(" ");
    const captions = (of.caption && of.caption.captions) || [];
    const gone = Object.entries(of.decided).filter(([, holds]) => !holds).map(([tag]) => tag);
    panel.replaceChildren(
      make("img.large", { src: small(of.id, of.key, true), alt: of.id }),
      make("p.id", {}, of.id),
      make("dl.facts", {}, ...fact("who", [of.character, of.outfit].filter((one) => one !== "none").join(", ") || "not named"),
        ...(of.cluster >= 0 ? fact("cluster", String(of.cluster)) : []), ...fact("shot", String(of.shot)),
        ...fact("tier", of.quality, tierOf(of)), ...fact("data set", of.in === "none" ? "is no candidate" : of.in === "train" || of.in === "held-out" ? `${of.in}, bucket ${of.bucket}` : `left out: ${of.in}`)),
      of.sentence === null ? "" : make("p.caption", {}, make("i.by", {}, "you "), of.sentence || "nothing is said of it"),
      ...captions.map((/** @type {any} */ one) => make("div.caption", {}, make("b", {}, one.form),
        ...one.parts.map((/** @type {any} */ part) => make("p", {}, make("span.quiet", {}, `${part.part} `), part.text)))),
      make("table.tags", {}, make("thead", {}, make("tr", {}, ...["tag", "score", "apart"].map((name) => make("th", { scope: "col" }, name)))),
        make("tbody", {}, ...of.tags.map((/** @type {any} */ one) => row(one)))),
      gone.length ? make("p", {}, "taken away: ", gone.join(", ").replaceAll("_", " ")) : "",
      make("details", {}, make("summary", {}, "what taggers also thought of"),
        make("table.tags", {}, make("tbody", {}, ...of.doubtful.map((/** @type {any} */ one) => row(one, false))))),
    );
  }

  async function name() {
    const answer = await askFor(`Who ${grid.chosen.length === 1 ? "is this" : `are these ${grid.chosen.length}`}?`, [
      { name: "character", label: "character", value: "", hint: "empty: nobody worth a name" }, { name: "outfit", label: "outfit" },
    ]);
    if (answer) await say("crops", { ids: grid.chosen, ...answer });
  }
  async function sentence(back = false) {
    if (back) return say("sentence", { ids: grid.chosen, sentence: null });
    const many = grid.chosen.length > 1;
    const parts = (shown?.caption?.captions || []).flatMap((/** @type {any} */ one) => one.parts);
    const now = shown?.sentence ?? parts.find((/** @type {any} */ one) => one.part === "sentences")?.text ?? "";
    const answer = await askFor(many ? `What do these ${grid.chosen.length} show?` : "What does it show?", [
      { name: "sentence", label: "sentence", wide: true, value: many ? "" : now, hint: "in place of what a model says; empty: nothing is said of it" },
    ]);
    if (answer) await say("sentence", { ids: grid.chosen, ...answer });
  }
  async function rule() {
    const series = [...new Set(project.episodes.map((/** @type {string[]} */ one) => one[0]))];
    const named = search.value.split(/\s+/).find((word) => word && !/[:"*|]/.test(word)) || "";
    await newRule({ series, item: grid.items.get(grid.at), tag: named.replace(/^-/, "") });
    grid.node.focus();
  }
  /** The picture in focus, as large as it is kept; arrows go on, tiers are said of it alone, any other key closes it. */
  const big = /** @type {HTMLDialogElement} */ (byId("large"));
  function large() {
    const item = grid.items.get(grid.at);
    if (!item) return;
    big.replaceChildren(make("img", { src: small(item.id, item.key, true), alt: item.id }),
      make("p.id", {}, [item.id, `${item.size[0]}×${item.size[1]} px`, item.character !== "none" && item.character, item.tier].filter(Boolean).join(" · ")));
    if (!big.open) big.showModal();
  }
  big.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    event.preventDefault();
    const item = grid.items.get(grid.at);
    if (item && TIERS[event.key]) return say("tier", { ids: [item.id], tier: TIERS[event.key] }).then(() => grid.again()).then(large);
    if (!step) return big.close();
    grid.go(grid.at + step).then(() => grid.load(grid.at)).then(large);
  });
  big.addEventListener("click", () => big.close());
  /** @param {string} how */
  const tier = (how) => say("tier", { ids: grid.chosen, tier: how });
  async function near() {
    const item = grid.items.get(grid.at);
    if (!item) return;
    const got = await told(ask("near", { id: item.id }));
    if (got) show(term("id", item.id, ...got.near.map((/** @type {any} */ one) => one.id)));
  }
  /** Look for something. @param {string} query */
  function show(query) {
    search.value = query;
    return look().then(() => grid.node.focus());
  }

  keys("Pictures", [
    { keys: "/", does: "search", on: () => search.select() },
    ...grid.keys,
    { keys: "Enter", does: "see the picture large; there arrows go on, and b g p j say how good it is", on: large },
    { keys: "t", does: "tags: smile to add, -smile to take away, ~smile to take a line back", on: () => tags.focus() },
    { keys: "l", does: "say it of this crop alone, or of the person in the still", on: () => (alone.checked = !alone.checked) },
    { keys: "n", does: "name who is on them", on: name },
    { keys: "x", does: "nobody worth a name", on: () => say("crops", { ids: grid.chosen, character: "", outfit: "" }) },
    { keys: "r", does: "take back who is on them", on: () => say("crops", { ids: grid.chosen, character: null }) },
    { keys: "e", does: "crops that look like this one", on: near },
    { keys: "s S", does: "say in a sentence what they show; S takes the sentence back", on: (event) => sentence(event.key === "S") },
    { keys: "m", does: "make a rule: a tag wherever another holds", on: rule },
    { keys: "b g p j", does: "best, good, poor, reject: how good they are in your eyes", on: (event) => tier(TIERS[event.key]) },
    { keys: "u", does: "take back how good they are", on: () => tier("") },
  ]);
  whenChanged(again);
  look().then(() => {
    grid.node.focus();
    how.filled();
  });
  let read = -1;
  watch((project) => {
    if (read >= 0 && project.read !== read) again();
    read = project.read;
    shows(project);
  });
  tell("");
  return { grid, show, search };
}
