// The wall: all cameras of the gateway as live tiles, one of which may be enlarged.
//
// Invariant: the address of the page says which camera is enlarged (`#front`), so that Back, bookmarks and reloading
// work as usual. Only tiles that can be seen are wanted.

import { on } from '../event';
import type { Camera } from './cameras';
import { find } from './dom';
import { Large } from './large';
import { anchor, Tile } from './tile';

/** The space between tiles in pixels, as in the style sheet. */
const GAP = 8;
const RATIO = 16 / 9;
/** A narrower window is that of a phone: tiles fill its width, or half of it when there are many. */
const NARROW = 600;
const MANY = 4;
/** Tiles are never smaller than this, in pixels; the wall scrolls instead. */
const SMALLEST = 240;
const COMFORTABLE = 320;

export class Wall {
  readonly #section = find('wall');
  readonly #list = find('tiles');
  readonly #large = new Large(() => this.#left(), (step) => this.#turn(step));
  readonly #seen = new Set<Element>();
  readonly #observer = new IntersectionObserver((entries) => this.#see(entries), { threshold: 0.01 });
  /** The tiles in the order of the wall. */
  #tiles: Tile[] = [];
  #enlarged: Tile | undefined;
  #columns = 1;
  /** The enlarged camera was opened from the wall, so going back in the history closes it. */
  #came = false;

  constructor() {
    on(window, 'resize', () => this.#arrange());
    on(document, 'visibilitychange', () => this.#want());
    on(window, 'hashchange', (event) => this.#follow(event as HashChangeEvent));
    on(this.#list, 'keydown', (event) => this.#move(event as KeyboardEvent));
  }

  /** Shows these cameras; existing tiles stay as they are. */
  show(cameras: Camera[]): void {
    const before = new Map(this.#tiles.map((tile) => [tile.camera.name, tile]));
    this.#tiles = cameras.map((camera) => {
      const tile = before.get(camera.name) ?? this.#added(camera);
      before.delete(camera.name);
      tile.camera = camera;
      return tile;
    });
    for (const tile of before.values()) this.#removed(tile);
    this.#tiles.forEach(({ node }, at) => {
      const { [at]: there } = this.#list.children;
      if (there !== node) this.#list.insertBefore(node, there ?? null);
    });
    this.#section.hidden = !this.#tiles.length;
    this.#arrange();
    this.#enlarge();
  }

  #added(camera: Camera): Tile {
    const tile = new Tile(camera);
    this.#observer.observe(tile.node);
    return tile;
  }

  #removed(tile: Tile): void {
    this.#observer.unobserve(tile.node);
    this.#seen.delete(tile.node);
    tile.remove();
  }

  #see(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target);
      else this.#seen.delete(target);
    }
    this.#want();
  }

  /** Tells each tile whether it is wanted. None is in a tab in the background or behind an enlarged camera. */
  #want(): void {
    const covered = document.hidden || this.#enlarged !== undefined;
    for (const tile of this.#tiles) tile.wanted = !covered && this.#seen.has(tile.node);
  }

  /** Makes the tiles as large as they can be for all to fit, up to a width that looks good. */
  #arrange(): void {
    const { length } = this.#tiles;
    const width = this.#section.clientWidth;
    const height = innerHeight - find('head').offsetHeight - GAP;
    let best = { columns: 1, tile: 0 };
    for (let columns = 1; columns <= length; columns += 1) {
      const rows = Math.ceil(length / columns);
      const high = ((height - GAP * (rows - 1)) / rows) * RATIO;
      const tile = Math.min(across(width, columns), high);
      if (tile > best.tile + 1) best = { columns, tile };
    }
    const scrolled = width < NARROW ? (length > MANY ? 2 : 1)
      : best.tile < SMALLEST ? Math.max(1, Math.floor((width + GAP) / (COMFORTABLE + GAP))) : 0;
    if (scrolled) best = { columns: scrolled, tile: across(width, scrolled) };
    this.#columns = best.columns;
    this.#list.style.gridTemplateColumns = `repeat(${best.columns}, ${Math.floor(best.tile)}px)`;
  }

  /** Moves from tile to tile with the arrow keys. */
  #move(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns };
    const { [event.key]: step } = steps;
    const at = this.#tiles.findIndex(({ link }) => link === event.target);
    if (!step || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#tiles[at + step]?.link.focus();
  }

  #follow({ oldURL }: HashChangeEvent): void {
    if (!new URL(oldURL).hash) this.#came = true;
    this.#enlarge();
  }

  /** Enlarges the camera in the address of the page. */
  #enlarge(): void {
    const tile = this.#tiles.find(({ camera }) => anchor(camera) === location.hash);
    const last = this.#enlarged;
    this.#enlarged = tile;
    if (tile) this.#large.open(tile);
    else if (last) {
      this.#large.close();
      last.link.focus();
      if (anchor(last.camera) === location.hash) forget(); // the camera is no longer in the list
    }
    this.#want();
  }

  /** The enlarged camera was closed by its own button, not by the address. */
  #left(): void {
    if (!this.#enlarged || anchor(this.#enlarged.camera) !== location.hash) return;
    if (this.#came) history.back();
    else forget();
    this.#came = false;
    if (!location.hash) this.#enlarge();
  }

  #turn(step: 1 | -1): void {
    const { length } = this.#tiles;
    const at = this.#tiles.findIndex((tile) => tile === this.#enlarged);
    const next = this.#tiles[(at + step + length) % length];
    if (at >= 0 && next) location.replace(anchor(next.camera));
  }
}

/** The width of one of several tiles side by side. */
const across = (width: number, columns: number): number => (width - GAP * (columns - 1)) / columns;

/** Removes the camera from the address of the page. */
const forget = (): void => history.replaceState(null, '', location.pathname + location.search);
