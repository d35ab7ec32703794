// @ts-check
// Plays a shot: as the video has it, or by its drawings, with and without the frame in question.
import { frameAt, make } from "./desk.js";

const WORDS = { video: "as the video has it", with: "by its drawings, with the frame", without: "by its drawings, without it" };

export class Player {
  constructor() {
    this.image = /** @type {HTMLImageElement} */ (make("img", { alt: "the shot, played" }));
    this.node = make("div.player", {}, this.image);
    this.caption = make("figcaption", {});
    this.timer = 0;
    /** @type {any} */
    this.all = null; // the episode
    /** @type {any} */
    this.shot = null;
    this.frame = 0;
    /** @type {(frame: number, episode?: string | null) => string} */
    this.picture = () => "";
    /** @type {object | null} */
    this.token = null; // of the latest that was played
  }

  /**
   * @param {any} of  an episode @param {any} shot @param {number} frame
   * @param {(frame: number, episode?: string | null) => string} picture
   */
  of(of, shot, frame, picture) {
    cancelAnimationFrame(this.timer);
    this.all = of;
    this.shot = shot;
    this.frame = frame;
    this.picture = picture;
    this.image.src = picture(frame);
    this.caption.textContent = "p plays the video, i with, o without";
  }

  /** The pictures of the shot, frame by frame. @param {"video" | "with" | "without"} how */
  pictures(how) {
    const { series, episode, video } = this.all;
    /** @type {string[]} */
    const found = [];
    let before = "";
    for (const [start, frames, drawing, , home] of this.shot.blocks) {
      const own = drawing === null ? before : this.picture(drawing, home);
      for (let at = start; at < start + frames; at++) {
        if (how === "video" && video) found.push(frameAt(series, episode, at));
        else if (start <= this.frame && this.frame < start + frames && at >= this.frame)
          found.push(how === "without" ? (at === start || drawing === this.frame ? before || own : own) : this.picture(this.frame));
        else found.push(own);
      }
      before = found[found.length - 1];
    }
    return found;
  }

  /** @param {"video" | "with" | "without"} how */
  async play(how) {
    cancelAnimationFrame(this.timer);
    if (!this.shot) return;
    const wanted = this.pictures(how);
    const token = (this.token = {});
    this.caption.textContent = "loading …";
    /** @type {Map<string, HTMLImageElement>} */
    const loaded = new Map();
    await Promise.all([...new Set(wanted)].filter(Boolean).map(async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode().catch(() => undefined);
      loaded.set(source, image);
    }));
    if (token !== this.token) return;
    this.caption.textContent = WORDS[how];
    const began = performance.now(), rate = this.all.rate;
    let last = -1;
    const turn = (/** @type {number} */ now) => {
      const at = Math.floor(((now - began) / 1000) * rate);
      const place = at % (wanted.length + Math.round(rate / 2)); // half a second of rest between two times
      if (place !== last && place < wanted.length && wanted[place]) this.image.src = wanted[place];
      last = place;
      if (at < 2 * (wanted.length + rate)) this.timer = requestAnimationFrame(turn);
    };
    this.timer = requestAnimationFrame(turn);
  }
}
