// @ts-check
// A rule about a tag, and a name in all series, as a person says them: asked for in a dialog.
import { ask, askFor, project, say, told } from "./desk.js";

/**
 * @param {{series: string[], tag?: string, item?: import("./grid.js").Item | null}} from
 *   tag: that is spoken of; item: the picture in focus, whose episode, shot and character a rule may be narrowed to
 */
export async function newRule({ series, tag = "", item = null }) {
  const [own, episode, still] = item ? item.id.split("/") : [series[0], "", ""];
  const frame = still ? String(Number(still.split("-")[0])) : "";
  const who = item && !["none", "nobody"].includes(item.character) ? item.character : "";
  const episodes = project.episodes.filter((/** @type {string[]} */ one) => one[0] === own).map((/** @type {string[]} */ one) => one[1]);
  const known = ((await told(ask("tags"))) || { tags: [] }).tags.map((/** @type {[string]} */ [one]) => one.replaceAll("_", " "));
  const everywhere = "the whole series", shot = `the shot of frame ${frame} of ${episode}`;
  const answer = await askFor("A rule about a tag", [
    { name: "decision", label: "what", choices: ["remove", "add", "replace"], value: "remove" },
    { name: "tag", label: "tag", value: tag.replaceAll("_", " "), list: known },
    { name: "with", label: "by", list: known, hint: "of replace: the tag that stands there instead" },
    { name: "where", label: "where", hint: "tags that must hold there, with & between them; empty: anywhere" },
    { name: "in", label: "in", choices: [everywhere, ...(item ? [shot] : []), ...episodes], value: everywhere },
    { name: "character", label: "of", value: "", list: who ? [who] : [], hint: "a character alone; empty: everybody" },
    ...(series.length > 1 ? [{ name: "series", label: "series", choices: series, value: own }] : []),
  ]);
  if (!answer) return false;
  const { in: narrowed, where, ...said } = answer;
  const place = narrowed === shot && item ? { episode, shot: frame } : { episode: narrowed === everywhere ? "" : narrowed, shot: "" };
  const both = where.split("&").map((one) => one.trim()).filter(Boolean).join(" & ");
  return say("rule", { series: own, ...said, where: both, ...place });
}

/** @param {string[]} series @param {string} [character] */
export async function newAlias(series, character = "") {
  const answer = await askFor("A name in all series", [
    { name: "character", label: "called here", value: character }, { name: "name", label: "in all", hint: "the name that other series have for the same character" },
    ...(series.length > 1 ? [{ name: "series", label: "series", choices: series, value: series[0] }] : []),
  ]);
  return answer ? say("alias", { series: series[0], ...answer }) : false;
}
