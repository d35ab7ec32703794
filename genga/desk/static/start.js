// @ts-check
// Where one begins: what there is, the jobs, and a run of the workflow.
import { byId, keys, make, readOnly, say, watch } from "./desk.js";

const JOBS = [
  ["drawings", "Drawings", "An episode by shot, with holds; the closest decisions first. Keep, drop, restore."],
  ["tags", "Tags", "Search stills and crops, select, add and take away tags in bulk."],
  ["people", "Who is who", "Clusters and outfits: name, make one, split, send to nobody."],
  ["dataset", "Data set", "What is in, what was left out and why, captions, buckets."],
  ["samples", "Samples", "What a run draws, beside the nearest images it learnt from."],
  ["issues", "Issues", "What is to be put right, kept until the next report."],
  ["rules", "Rules", "Tags wherever others hold, names in all series, sentences."],
];
const counts = make("p.counts", {});
const jobs = make("ol.jobs", {}, ...JOBS.map(([href, name, says], place) => make("li", {},
  make("a", { href: `/${href}` }, make("kbd", {}, String(place + 1)), make("b", {}, name), make("span.quiet", {}, says)))));
const stale = make("div", {});
const log = make("pre.log", { "aria-label": "The run's last lines" });
const bar = /** @type {HTMLProgressElement} */ (make("progress", { max: "1", value: "0", hidden: true, "aria-label": "The run" }));
const button = (/** @type {string} */ key, /** @type {string} */ name, /** @type {() => any} */ on) => make("button", { type: "button", onclick: on }, name, " ", make("kbd", {}, key));
const buttons = make("p.buttons", {}, button("s", "What is stale?", () => say("stale")),
  !readOnly && button("R", "Run snakemake", () => say("run")), !readOnly && button("X", "Stop it", () => say("stop")));
const [, run, stop] = /** @type {NodeListOf<HTMLButtonElement>} */ (buttons.querySelectorAll("button"));

byId("main").append(make("div.start-page", {},
  make("h1", {}, document.title.split(" · ")[1]), counts, jobs,
  make("section.card", {}, make("h2", {}, "The workflow"), stale, bar, buttons, log)));

watch((project) => {
  const { episodes, pictures, read, runs, who, work, waiting } = project;
  const series = new Set(episodes.map((/** @type {string[]} */ one) => one[0])).size;
  counts.textContent = `${series} series, ${episodes.length} episodes, ${pictures.toLocaleString("en")} stills and crops${read < episodes.length ? " so far" : ""}, ${runs.length} run${runs.length === 1 ? "" : "s"}; lines name ${who}`;
  /** @type {[string, number][] | null} */
  const jobsOf = work.stale && Object.entries(work.stale);
  stale.replaceChildren(make("p", {}, work.fault ? work.fault : work.asking ? "Asking snakemake …" : !jobsOf ? "What is stale is not asked yet, or something has changed since."
    : jobsOf.length ? `${jobsOf.reduce((sum, [, count]) => sum + count, 0)} jobs would run: ` : "Nothing is stale."),
  ...(jobsOf && jobsOf.length ? [make("ul.chips", {}, ...jobsOf.map(([rule, count]) => make("li", {}, `${rule} ${count}`)))] : []),
  ...(waiting ? [make("p", {}, `${waiting} edits wait for the end of the run that is at work, and are written then.`)] : []));
  stale.dataset.stale = jobsOf ? jobsOf.map(([rule, count]) => `${rule}=${count}`).join(" ") : "";
  bar.hidden = !work.running;
  if (stop) [run.hidden, stop.hidden] = [work.running, !work.running];
  if (work.steps) bar.value = work.steps[0] / work.steps[1];
  log.textContent = work.log.join("\n");
  log.hidden = !work.log.length;
});
keys("Workflow", [
  { keys: "s", does: "ask what is stale", on: () => say("stale") },
  ...(readOnly ? [] : [
    { keys: "R", does: "run snakemake", on: () => say("run") },
    { keys: "X", does: "stop the desk's run; what is done stays", on: () => say("stop") },
  ]),
]);
