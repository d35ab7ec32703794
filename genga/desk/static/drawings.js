// @ts-check
// An episode's drawings: the closest decisions, and every shot with its holds to scale.
import { ask, byId, frameAt, keys, make, project, say, shows, small, told, watch, whenChanged } from "./desk.js";
import { Player } from "./player.js";

/** @typedef {{shot: number, start: number, end: number, start_time: number, camera: string, transition: string, timing: number, blocks: [number, number, number | null, string, string | null][]}} Shot */
/** @typedef {{frame: number, compared: number, about: number, shot: number, one: boolean, answer: string, difference: number, threshold: number}} Call */

const main = byId("main");
const list = make("ol.calls", { tabindex: "0", "aria-label": "Closest decisions" });
const pick = /** @type {HTMLSelectElement} */ (make("select", { id: "episode", "aria-label": "Episode" }));
const stage = make("section.stage", { "aria-label": "The frame in question" });
const shots = make("section.shots", { tabindex: "0", "aria-label": "Drawings by shot" });
main.classList.add("drawings-page");
const heads = make("div.heads", { title: "the difference beside the threshold up to which frames are one drawing: 1.00 is a toss-up" }, make("span", {}, "frame"), make("span", {}, "taken as · of threshold"));
main.append(make("aside.side", {}, make("label.tools", {}, pick), heads, list), make("div.middle", {}, stage, shots));

/** @type {{series: string, episode: string, rate: number, shots: Shot[], closest: Call[], stills: number[], dropped: number[], decided: Record<string, {decision: string}>, video: boolean}} */
let of;
let call = -1; // which of the closest decisions; -1: a frame of a shot
let frame = 0;
let shot = 0;
const player = new Player();

/** @param {number} at @param {string | null} [episode]  an earlier one, whose still it is @returns {string} */
function picture(at, episode) {
  if (!episode && !of.stills.includes(at)) {
    if (of.video) return frameAt(of.series, of.episode, at);
    const [, , drawing, , home] = of.shots.flatMap((one) => one.blocks).find(([start, frames]) => start <= at && at < start + frames) || [0, 0, null, "", null];
    return drawing === null || (!home && !of.stills.includes(drawing)) ? "" : picture(drawing, home);
  }
  return small(`${of.series}/${episode || of.episode}/${String(at).padStart(6, "0")}`, "", true);
}

/** @param {string} name */
async function open(name, keep = false) {
  const [series, episode] = name.split("/");
  const found = await told(ask("drawings", { series, episode }));
  if (!found) return;
  of = found;
  shows(found);
  pick.value = name;
  history.replaceState(null, "", `/drawings?episode=${encodeURIComponent(name)}`);
  list.replaceChildren(...of.closest.map((one, place) => make("li", { id: `call-${place}`, onclick: () => show(place) },
    make("span", {}, `${one.about}`), make("span.quiet", {}, `${one.one ? "held" : "kept"} · ${(one.difference / one.threshold).toFixed(2)}`),
    said(one.about) && make("i.by", {}, said(one.about)))));
  if (!of.closest.length) list.replaceChildren(make("li.quiet", {}, "No decision was close."));
  shots.replaceChildren(...of.shots.map(strip));
  if (!keep) of.closest.length ? show(0) : goTo(0, of.shots[0] ? of.shots[0].start : 0);
  else draw();
}
/** @param {number} at */
const said = (at) => of.decided[String(at)]?.decision || "";

/** @param {Shot} one @param {number} place */
function strip(one, place) {
  const length = one.end - one.start, scale = Math.max(1, Math.min(14, 900 / length));
  return make("div.shot", { id: `shot-${one.shot}`, "data-place": place },
    make("h3", {}, `shot ${one.shot}`, make("span.quiet", {}, ` ${clock(one.start_time)} · ${length} frames · ${one.camera}${one.transition === "cut" ? "" : `, ${one.transition}`} · ${one.blocks.length} exposures`)),
    make("div.holds", {}, ...one.blocks.map(([start, frames, drawing, seen, episode]) => {
      const wide = Math.max(3, frames * scale);
      const node = make(`button.hold.${seen === "first" ? "new" : drawing === null ? "none" : seen === "camera" ? "move" : "again"}`,
        { type: "button", tabindex: "-1", "data-start": start, "data-frames": frames, title: `${start}${frames > 1 ? `–${start + frames - 1}` : ""}: ${drawing === null ? seen : `drawing ${drawing}, ${seen}`}${episode ? ` in ${episode}` : ""}`, onclick: () => goTo(place, start) },
        wide >= 18 && drawing !== null && make("img", { src: picture(drawing, episode).replace("&side=large", ""), alt: "", loading: "lazy", decoding: "async" }),
        wide >= 22 && make("span", {}, String(frames)));
      node.style.width = `${wide}px`;
      if (said(drawing ?? start) || of.decided[String(start)]) node.classList.add(`said-${said(drawing ?? start) || said(start)}`);
      return node;
    })));
}
const clock = (/** @type {number} */ seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;

/** @param {number} place */
function show(place) {
  if (!of.closest.length) return;
  call = Math.min(Math.max(0, place), of.closest.length - 1);
  frame = of.closest[call].about;
  shot = of.shots.findIndex((one) => one.shot === of.closest[call].shot);
  draw();
}
/** @param {number} place @param {number} start */
function goTo(place, start) {
  call = -1;
  shot = Math.min(Math.max(0, place), of.shots.length - 1);
  const one = of.shots[shot];
  frame = one ? Math.min(Math.max(one.start, start), one.end - 1) : 0;
  draw();
}
/** The exposure that the frame is in. */
const block = () => of.shots[shot]?.blocks.findIndex(([start, frames]) => start <= frame && frame < start + frames) ?? -1;
/** @param {number} by */
function step(by) {
  const one = of.shots[shot];
  if (!one) return;
  const next = one.blocks[block() + by];
  if (next) goTo(shot, next[0]);
  else if (of.shots[shot + by]) {
    const other = of.shots[shot + by].blocks;
    goTo(shot + by, (by > 0 ? other[0] : other[other.length - 1])[0]);
  }
}

function draw() {
  for (const node of list.children) node.classList.toggle("focus", node.id === `call-${call}`);
  list.children[call]?.scrollIntoView({ block: "nearest" });
  list.setAttribute("aria-activedescendant", `call-${call}`);
  const one = of.closest[call], here = of.shots[shot];
  const [start, frames, drawing, seen, episode] = here?.blocks[block()] || [frame, 1, null, "", null];
  /** @param {number} at @param {string} words @param {string | null} [home] */
  const half = (at, words, home = null) => make("figure", {}, make("img", { src: picture(at, home), alt: `frame ${at}` }), make("figcaption", {}, words, make("b", {}, String(at)), said(at) && make("i.by", {}, said(at))));
  player.of(of, here, frame, picture);
  stage.replaceChildren(
    one ? half(one.compared, "frame ") : drawing !== null ? half(drawing, "drawing ", episode) : half(frame, `${seen} `),
    one ? half(one.frame, "frame ") : make("figure", {}, make("div.facts", {}, make("p", {}, `frames ${start}–${start + frames - 1}, held for ${frames}`), make("p.quiet", {}, seen))),
    make("figure", {}, player.node, player.caption),
    make("p.verdict", {}, one ? `${one.answer}: ${one.difference} beside a threshold of ${one.threshold}. ` : "",
      make("b", {}, `frame ${frame}`), said(frame) ? ` is to be ${{ keep: "kept", drop: "dropped" }[said(frame)]}; r takes that back` : one ? (one.one ? ": k keeps it as a drawing of its own" : ": d drops it") : ": k keeps it, d drops its drawing"));
  for (const node of shots.querySelectorAll(".focus")) node.classList.remove("focus");
  const node = shots.querySelector(`#shot-${here?.shot} [data-start="${start}"]`);
  node?.classList.add("focus");
  shots.querySelector(`#shot-${here?.shot}`)?.scrollIntoView({ block: "center" });
  main.dataset.frame = String(frame);
}

/** @param {string} verb */
async function decide(verb) {
  if (await say("frame", { series: of.series, episode: of.episode, frame, verb })) if (verb && call >= 0) show(call + 1);
}
/** @param {number} by */
const turn = (by) => {
  const next = pick.options[pick.selectedIndex + by];
  if (next) open(next.value);
};

pick.addEventListener("change", () => open(pick.value).then(() => list.focus()));
keys("Drawings", [
  { keys: "ArrowDown ArrowUp", does: "the next closest decision, the one before; in shots the next shot", on: (event) => (call >= 0 ? show(call + (event.key === "ArrowDown" ? 1 : -1)) : (of.shots[shot + (event.key === "ArrowDown" ? 1 : -1)] && goTo(shot + (event.key === "ArrowDown" ? 1 : -1), of.shots[shot + (event.key === "ArrowDown" ? 1 : -1)].start))) },
  { keys: "ArrowLeft ArrowRight", does: "the exposure before, the next one", on: (event) => step(event.key === "ArrowRight" ? 1 : -1) },
  { keys: ", .", does: "a frame back, a frame on", on: (event) => goTo(shot, frame + (event.key === "." ? 1 : -1)) },
  { keys: "c", does: "back to the closest decisions", on: () => show(Math.max(0, call)) },
  { keys: "k", does: "keep the frame as a drawing of its own", on: () => decide("keep") },
  { keys: "d", does: "drop the drawing that the frame shows", on: () => decide("drop") },
  { keys: "r", does: "restore: take the line about it back", on: () => decide("") },
  { keys: "p", does: "play the shot as the video has it", on: () => player.play("video") },
  { keys: "i", does: "play it by its drawings, with the frame", on: () => player.play("with") },
  { keys: "o", does: "play it by its drawings, without the frame", on: () => player.play("without") },
  { keys: "[ ]", does: "the episode before, the next one", on: (event) => turn(event.key === "]" ? 1 : -1) },
  { keys: "e", does: "choose an episode", on: () => pick.focus() },
]);
whenChanged(() => of && open(`${of.series}/${of.episode}`, true));
watch((found) => {
  const names = found.episodes.map((/** @type {string[]} */ one) => one.join("/"));
  if ([...pick.options].map((one) => one.value).join() === names.join()) return;
  const wanted = pick.value || new URLSearchParams(location.search).get("episode");
  pick.replaceChildren(...names.map((/** @type {string} */ name) => make("option", { value: name }, name)));
  if (names.length) open(names.includes(wanted) ? wanted : names[0]).then(() => list.focus());
});
if (project) list.focus();
