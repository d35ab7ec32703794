// @ts-check
// Who is who: a row for each cluster, with the crops nearest to its middle.
import { ask, askFor, byId, keys, make, say, shows, small, tell, term, told, watch, whenChanged } from "./desk.js";
import { newAlias } from "./rule.js";

/** @typedef {{cluster: number, crops: number, name: string, outfit: string, names: Record<string, number>, nearest: string[]}} Row */
const main = byId("main");
const pick = /** @type {HTMLSelectElement} */ (make("select", { id: "series", "aria-label": "Series" }));
const rows = make("div.rows", { tabindex: "0", role: "grid", "aria-label": "Clusters" });
const panel = make("aside.detail", { "aria-label": "Crops that look like the one in focus" });
main.classList.add("two");
main.append(make("section.middle", {}, make("div.tools", {}, pick, make("span.quiet", {}, "n name · x nobody · j one person · b split · e look alike · v all of a cluster · A name in all series")), rows), panel);

/** @type {Row[]} */
let clusters = [];
/** @type {string[]} */
let names = [];
let row = 0, column = 0;
/** @type {Set<number>} */
let marked = new Set();
/** @type {Set<string>} */
let chosen = new Set();

async function open(keep = true) {
  const found = await told(ask("people", { series: pick.value }));
  if (!found) return;
  shows(found);
  ({ clusters, names } = found);
  if (!keep) row = column = 0;
  marked = new Set([...marked].filter((one) => clusters.some((of) => of.cluster === one)));
  draw();
}

function draw() {
  rows.replaceChildren(...clusters.map((of, place) => {
    const others = Object.entries(of.names).slice(1).map(([name, count]) => `${name} ${count}`).join(", ");
    const node = make("div.cluster", { role: "row", "data-cluster": of.cluster },
      make("div.label", { role: "rowheader" }, make("b", { class: of.name === "none" ? "quiet" : "" }, of.cluster < 0 ? "like no one" : of.name === "none" ? "not named" : of.name),
        make("span.quiet", {}, [of.outfit === "none" ? "" : of.outfit, `${of.crops} crops`, of.cluster < 0 ? "" : `cluster ${of.cluster}`].filter(Boolean).join(" · ")), others && make("small.quiet", {}, `also ${others}`)),
      make("div.crops", {}, ...of.nearest.map((id, at) => make("img", { role: "gridcell", src: small(id), alt: id, title: id, "data-id": id, draggable: "true", onclick: (/** @type {MouseEvent} */ event) => { go(place, at); if (event.ctrlKey || event.metaKey) toggle(); } }))));
    node.addEventListener("dragover", (event) => event.preventDefault());
    node.addEventListener("drop", (event) => dropped(event, of));
    node.addEventListener("dragstart", (event) => {
      const id = /** @type {HTMLElement} */ (event.target).dataset.id || "";
      event.dataTransfer?.setData("text/plain", chosen.has(id) ? [...chosen].join("\n") : id);
    });
    return node;
  }), clusters.length ? "" : make("p.empty", {}, "Nobody is told apart in this series yet."));
  mark();
}

function mark() {
  [...rows.querySelectorAll(".cluster")].forEach((node, place) => {
    node.classList.toggle("focus", place === row);
    node.classList.toggle("selected", marked.has(clusters[place].cluster));
    [...node.querySelectorAll("img")].forEach((image, at) => {
      image.classList.toggle("focus", place === row && at === column);
      image.classList.toggle("selected", chosen.has(image.dataset.id || ""));
      image.setAttribute("aria-selected", String(chosen.has(image.dataset.id || "")));
    });
    if (place === row) node.scrollIntoView({ block: "nearest" });
  });
  main.dataset.cluster = String(clusters[row]?.cluster ?? "");
}
/** @param {number} toRow @param {number} toColumn */
function go(toRow, toColumn) {
  row = Math.min(Math.max(0, toRow), clusters.length - 1);
  column = Math.min(Math.max(0, toColumn), (clusters[row]?.nearest.length || 1) - 1);
  mark();
}
const crop = () => clusters[row]?.nearest[column];
function toggle() {
  const id = crop();
  if (id && !chosen.delete(id)) chosen.add(id);
  mark();
  count();
}
/** @param {number} number @param {string} what */
const counted = (number, what) => (number ? `${number} ${what}${number === 1 ? "" : "s"}` : "");
const count = () => tell([counted(chosen.size, "crop"), counted(marked.size, "cluster")].filter(Boolean).join(", ") + (chosen.size + marked.size ? " selected" : ""));
const clear = () => {
  chosen = new Set();
  marked = new Set();
  mark();
  count();
};
/** The clusters that are spoken of, the one in focus first. */
const spoken = () => {
  const own = clusters[row]?.cluster;
  return marked.size ? [...(marked.has(own) ? [own] : []), ...[...marked].filter((one) => one !== own)] : own === undefined ? [] : [own];
};

/**
 * Say something of the selected crops, or else of the clusters; what was spoken of is selected no more.
 * @param {string} ofCrops @param {string} ofClusters @param {Record<string, any>} said
 */
async function sayOf(ofCrops, ofClusters, said) {
  const ids = chosen.size || !ofClusters ? crops() : [], numbers = ids.length ? [] : spoken();
  for (const id of ids) chosen.delete(id); // at once: a person goes on meanwhile
  for (const number of numbers) marked.delete(number);
  mark();
  const well = await (ids.length ? say(ofCrops, { series: pick.value, ids, ...said }) : say(ofClusters, { series: pick.value, clusters: numbers, ...said }));
  if (well) return;
  if (ids.length > 1) for (const id of ids) chosen.add(id);
  if (numbers.length > 1) for (const number of numbers) marked.add(number);
  mark();
}
/** The crops that are spoken of. */
const crops = () => (chosen.size ? [...chosen] : crop() ? [crop()] : []);

async function name() {
  const of = clusters[row];
  if (!of) return;
  const what = chosen.size ? counted(chosen.size, "crop") : spoken().length > 1 ? `clusters ${spoken().join(", ")}` : `cluster ${of.cluster}`;
  const known = chosen.size || of.name === "none" || of.name === "nobody" ? "" : of.name;
  const answer = await askFor(`Who is ${what}?`, [
    { name: "character", label: "character", value: known, list: names, hint: "empty: nobody worth a name" },
    { name: "outfit", label: "outfit", value: chosen.size || of.outfit === "none" ? "" : of.outfit },
  ]);
  rows.focus();
  if (answer) await sayOf("crops", "name", answer);
}
async function alias() {
  const of = clusters[row];
  await newAlias([pick.value], of && !["none", "nobody"].includes(of.name) ? of.name : "");
  rows.focus();
}
const nobody = () => sayOf("crops", "name", { character: "", outfit: "" });
const back = () => sayOf("crops", "", { character: null });
const merge = () => { chosen.clear(); return sayOf("", "merge", {}); };
const split = () => sayOf("split", "", {});
/** @param {DragEvent} event @param {Row} of */
async function dropped(event, of) {
  event.preventDefault();
  const ids = (event.dataTransfer?.getData("text/plain") || "").split("\n").filter(Boolean);
  if (!ids.length) return;
  if (of.name === "none") return tell("give this cluster a name first: then crops can be put to it", true);
  const character = of.name === "nobody" ? "" : of.name;
  if (await say("crops", { ids, character, outfit: of.outfit === "none" ? "" : of.outfit })) for (const id of ids) chosen.delete(id);
  mark();
}
async function near() {
  const id = crop();
  if (!id) return;
  panel.replaceChildren(make("p.quiet", {}, "looking …"));
  const found = await told(ask("near", { id }));
  if (!found) return panel.replaceChildren();
  panel.replaceChildren(make("img.large", { src: small(id, "", true), alt: id }), make("p.id", {}, id), make("h2", {}, "Most like it"),
    make("div.near", {}, ...found.near.map((/** @type {any} */ one) => make("figure", {}, make("img", { src: small(one.id, one.key), alt: one.id, title: one.id }),
      make("figcaption", {}, `${one.likeness.toFixed(2)} ${one.character === "none" ? "" : one.character}`)))));
}

keys("Who is who", [
  { keys: "ArrowUp ArrowDown", does: "another cluster", on: (event) => go(row + (event.key === "ArrowDown" ? 1 : -1), column) },
  { keys: "ArrowLeft ArrowRight", does: "another crop of it", on: (event) => go(row, column + (event.key === "ArrowRight" ? 1 : -1)) },
  { keys: "Space", does: "select the crop, or not", on: toggle },
  { keys: "m", does: "select the cluster, or not", on: () => { const own = clusters[row]?.cluster; if (own >= 0 && !marked.delete(own)) marked.add(own); mark(); count(); } },
  { keys: "n Enter", does: "name the selected crops, or else the clusters", on: name },
  { keys: "x", does: "send them to nobody", on: nobody },
  { keys: "j", does: "the selected clusters are one person: the one in focus", on: merge },
  { keys: "b", does: "split the selected crops from their cluster", on: split },
  { keys: "r", does: "take back what was said of the crops", on: back },
  { keys: "A", does: "the name that all series have for the one in focus", on: alias },
  { keys: "e", does: "crops that look like the one in focus", on: near },
  { keys: "v", does: "all crops of the cluster", on: () => clusters[row] && location.assign(`/tags?q=${encodeURIComponent(`${term("series", pick.value)} cluster:${clusters[row].cluster}`)}`) },
  { keys: "s", does: "choose a series", on: () => pick.focus() },
  { keys: "Escape", does: "select nothing", on: clear },
]);
pick.addEventListener("change", () => open(false).then(() => rows.focus()));
whenChanged(() => open());
let read = -1;
watch((project) => {
  const series = [...new Set(project.episodes.map((/** @type {string[]} */ one) => one[0]))];
  if ([...pick.options].map((one) => one.value).join() !== series.join()) {
    pick.replaceChildren(...series.map((one) => make("option", { value: one }, String(one))));
    open(false).then(() => rows.focus());
  } else if (project.read !== read) open();
  read = project.read;
});
