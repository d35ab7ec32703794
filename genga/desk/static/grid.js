// @ts-check
// A grid of pictures, of which only those in sight are in the page: it is as fast with 250,000 as with ten.
import { ask, make, small, tell, told } from "./desk.js";

const LEAST = 130, HEIGHT = 168; // px of a cell: least width, height
const BLOCK = 200; // pictures that are asked for at once
const MOST = 20_000; // ids that the server says at once

/**
 * @typedef {{id: string, kind: string, shot: number, size: [number, number], character: string, outfit: string,
 *   tier: string, decided: number, key: string}} Item
 */

export class Grid {
  /** @param {(item: Item | null) => void} focused  called when another picture is in focus */
  constructor(focused) {
    this.focused = focused;
    this.inner = make("div.inner", { role: "presentation" });
    this.node = make("div.grid", { tabindex: "0", role: "grid", "aria-label": "Pictures", "aria-multiselectable": "true" }, this.inner);
    this.query = "";
    this.total = 0;
    this.at = 0; // which picture is in focus
    this.from = 0; // at which a range began
    /** @type {Set<string>} */
    this.selected = new Set();
    /** @type {Map<number, Promise<void>>} */
    this.asked = new Map();
    /** @type {Map<number, Item>} */
    this.items = new Map();
    /** @type {Map<number, HTMLElement>} */
    this.cells = new Map();
    this.version = 0;
    this.pending = 0;
    this.hint = ""; // what may be meant where nothing is found
    this.counted = () => {}; // called when another number is selected
    this.node.addEventListener("scroll", () => this.draw(), { passive: true });
    this.node.addEventListener("click", (event) => this.clicked(event));
    new ResizeObserver(() => this.draw(true)).observe(this.node);
  }

  get columns() {
    return Math.max(1, Math.floor((this.node.clientWidth - 4) / LEAST));
  }
  get width() {
    return Math.floor((this.node.clientWidth - 4) / this.columns);
  }

  /** Look for something else. @param {string} query */
  async search(query) {
    this.query = query;
    this.at = this.from = 0;
    this.node.scrollTop = 0;
    this.selected.clear();
    await this.again();
  }

  /** Ask for the same anew: something has changed. */
  async again() {
    const version = ++this.version;
    const started = performance.now();
    const first = Math.floor(Math.floor(this.node.scrollTop / HEIGHT) * this.columns / BLOCK) * BLOCK;
    const found = await ask("find", { q: this.query, from: first, count: BLOCK });
    if (version !== this.version) return found;
    this.asked.clear();
    this.items.clear();
    this.take(found);
    this.asked.set(first, Promise.resolve());
    const before = this.total;
    this.total = found.total;
    this.hint = found.hint;
    if (this.selected.size && before !== this.total) this.prune();
    this.took = performance.now() - started;
    this.at = Math.min(this.at, Math.max(0, this.total - 1));
    for (const cell of this.cells.values()) cell.remove();
    this.cells.clear();
    this.inner.querySelector(".empty")?.remove();
    this.draw(true);
    this.tellFocus();
    return found;
  }

  /** @param {{from: number, items: Item[]}} found */
  take(found) {
    found.items.forEach((item, place) => this.items.set(found.from + place, item));
  }

  /** Have the pictures around one asked for, unless they are there. @param {number} place */
  load(place) {
    const first = Math.floor(place / BLOCK) * BLOCK;
    let asked = this.asked.get(first);
    if (!asked) {
      const version = this.version;
      asked = told(ask("find", { q: this.query, from: first, count: BLOCK })).then((found) => {
        if (!found || version !== this.version) return;
        this.take(found);
        this.draw();
      });
      this.asked.set(first, asked);
    }
    return asked;
  }

  /** Put into the page what is in sight. */
  draw(anew = false) {
    if (anew) this.inner.style.height = `${Math.ceil(this.total / this.columns) * HEIGHT}px`;
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.drawNow(anew);
    });
  }

  /** @param {boolean} anew */
  drawNow(anew) {
    const columns = this.columns, width = this.width, top = Math.floor(this.node.scrollTop / HEIGHT);
    const first = Math.max(0, (top - 1) * columns);
    const last = Math.min(this.total, (top + Math.ceil(this.node.clientHeight / HEIGHT) + 1) * columns);
    for (const [place, cell] of this.cells)
      if (place < first || place >= last) {
        cell.querySelector("img")?.removeAttribute("src"); // what is out of sight need not be fetched
        cell.remove();
        this.cells.delete(place);
      }
    for (let place = first; place < last; place++) {
      const item = this.items.get(place);
      let cell = this.cells.get(place);
      if (cell && item && !cell.dataset.id) {
        cell.remove();
        cell = undefined;
      }
      if (!cell) {
        if (!item) this.load(place);
        cell = this.cell(place, item);
        this.cells.set(place, cell);
        this.inner.append(cell);
      }
      if (anew || !cell.style.transform) {
        cell.style.width = `${width}px`;
        cell.style.transform = `translate(${(place % columns) * width}px, ${Math.floor(place / columns) * HEIGHT}px)`;
      }
      this.mark(cell, place);
    }
    if (!this.total && !this.inner.firstChild) this.inner.append(make("p.empty", {}, `Nothing is found${this.hint ? `: ${this.hint}` : "."}`));
  }

  /** @param {number} place @param {Item} [item] */
  cell(place, item) {
    this.inner.querySelector(".empty")?.remove();
    if (!item) return make("div.cell.waits", { role: "gridcell", id: `cell-${place}` });
    const [, episode, number] = item.id.split("/");
    const [frame, box] = number.split("-");
    const name = `${episode} ${Number(frame)} ${item.kind}${box && box !== "0" ? ` ${box}` : ""}`;
    const caption = [make("span.name", {}, name), make("span.name", {}, item.character !== "none" && make("b", {}, item.character), item.tier && `${item.character !== "none" ? " · " : ""}${item.tier}`)];
    return make("div.cell", { role: "gridcell", id: `cell-${place}`, "data-id": item.id, "data-place": place, title: item.id },
      make("img", { src: small(item.id, item.key), alt: `${item.kind} ${name}`, decoding: "async", draggable: "false" }),
      item.decided > 0 && make("i.decided", { title: "lines about it that people wrote" }, String(item.decided)), ...caption);
  }

  /** @param {HTMLElement} cell @param {number} place */
  mark(cell, place) {
    const chosen = this.selected.has(cell.dataset.id || "");
    cell.classList.toggle("selected", chosen);
    cell.classList.toggle("focus", place === this.at);
    cell.setAttribute("aria-selected", String(chosen));
  }

  marks() {
    for (const [place, cell] of this.cells) this.mark(cell, place);
  }

  /** Go to a picture. @param {number} place */
  async go(place, extend = false) {
    if (!this.total) return;
    this.at = Math.min(Math.max(0, place), this.total - 1);
    const top = Math.floor(this.at / this.columns) * HEIGHT;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (top + HEIGHT > this.node.scrollTop + this.node.clientHeight) this.node.scrollTop = top + HEIGHT - this.node.clientHeight;
    this.node.setAttribute("aria-activedescendant", `cell-${this.at}`);
    if (extend) await this.range(this.from, this.at);
    else this.from = this.at;
    this.draw();
    this.tellFocus();
  }

  async tellFocus() {
    const place = this.at;
    if (this.total && !this.items.has(place)) await this.load(place);
    if (place === this.at) this.focused(this.items.get(place) || null);
  }

  /** Select from one picture to another. @param {number} one @param {number} other */
  async range(one, other) {
    const [first, last] = one < other ? [one, other] : [other, one];
    const ranged = (this.ranged = {});
    const found = await told(ask("ids", { q: this.query, from: first, to: last + 1 }));
    if (!found || ranged !== this.ranged) return; // another range was asked for since
    this.selected = new Set(found.ids);
    this.marks();
    this.count();
  }

  toggle() {
    const item = this.items.get(this.at);
    if (!item) return;
    if (!this.selected.delete(item.id)) this.selected.add(item.id);
    this.from = this.at;
    this.marks();
    this.count();
  }

  /** Select no more what is not among what is found: nobody would see of what they speak. */
  async prune() {
    const version = this.version;
    const found = this.total > MOST ? { ids: [] } : await told(ask("ids", { q: this.query, from: 0, to: this.total }));
    if (!found || version !== this.version) return;
    const there = new Set(found.ids);
    for (const id of [...this.selected]) if (!there.has(id)) this.selected.delete(id);
    this.marks();
    this.counted();
  }

  clear() {
    this.selected.clear();
    this.marks();
    this.count();
  }

  count() {
    this.counted();
    tell(this.selected.size ? `${this.selected.size} selected` : "");
  }

  /** The ids of what is spoken of: what is selected, or else what is in focus. */
  get chosen() {
    const item = this.items.get(this.at);
    return this.selected.size ? [...this.selected] : item ? [item.id] : [];
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const cell = /** @type {HTMLElement} */ (event.target).closest(".cell");
    if (!(cell instanceof HTMLElement) || !cell.dataset.place) return;
    this.go(Number(cell.dataset.place), event.shiftKey).then(() => {
      if (event.ctrlKey || event.metaKey) this.toggle();
    });
  }

  /** The keys of a grid, for `keys`. */
  get keys() {
    const rows = () => Math.max(1, Math.floor(this.node.clientHeight / HEIGHT)) * this.columns;
    /** @param {string} name @param {() => number} by */
    const move = (name, by) => ({ keys: name, does: "", on: () => this.go(this.at + by()) });
    const moves = [
      move("ArrowLeft", () => -1), move("ArrowRight", () => 1), move("ArrowUp", () => -this.columns),
      move("ArrowDown", () => this.columns), move("PageUp", () => -rows()), move("PageDown", () => rows()),
      move("Home", () => -this.at), move("End", () => this.total),
    ];
    /** @param {KeyboardEvent} event */
    const on = (event) => {
      const key = moves.find((one) => one.keys === event.key);
      const before = this.at;
      if (!key) return;
      if (event.shiftKey) {
        const kept = this.from;
        key.on();
        this.from = kept;
        if (this.at !== before || this.selected.size === 0) this.range(kept, this.at);
      } else key.on();
    };
    return [
      { keys: moves.map((one) => one.keys).join(" "), does: "go to a picture; with Shift select up to there", on },
      { keys: "Space", does: "select the picture, or not", on: () => this.toggle() },
      { keys: "a Ctrl+a", does: "select all that is found", on: () => this.range(0, this.total - 1) },
      { keys: "Escape", does: "select nothing", on: () => this.clear() },
    ];
  }
}
