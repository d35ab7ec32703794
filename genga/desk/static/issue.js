// @ts-check
import { askFor, say } from "./desk.js";

/** Ask for an issue, and note it. @param {string} run @param {any} [sample] */
export async function newIssue(run, sample) {
  const answer = await askFor("What is to be put right?", [
    { name: "about", label: "about", choices: ["tag", "character"], value: "tag" },
    { name: "name", label: "which", hint: "the tag, or the character" },
    { name: "issue", label: "issue", value: sample ? `${sample.sample}: ` : "" },
  ]);
  return answer ? say("issue", { run, state: "open", ...answer }) : false;
}
