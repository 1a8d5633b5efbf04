// The wall: all cameras of the gateway as live tiles, and one of them enlarged.
//
// Invariant: which camera is enlarged stands in the address of the page (`#front`), so that Back,
// bookmarks and reloading do what they always do. Only tiles that can be seen are wanted.

import { on } from '../event';
import type { Camera } from './cameras';
import { find } from './dom';
import { Large } from './large';
import { anchor, Tile } from './tile';

/** Between tiles, in pixels; as the style sheet has it. */
const GAP = 8;
const RATIO = 16 / 9;
/** A window of this width is a phone: tiles as wide as it, in two columns when there are many. */
const NARROW = 600;
const MANY = 4;
/** Tiles that would be smaller, in pixels, are scrolled instead. */
const SMALLEST = 240;
const COMFORTABLE = 320;

export class Wall {
  readonly #section = find('wall');
  readonly #list = find('tiles');
  readonly #large = new Large(() => this.#left(), (step) => this.#turn(step));
  readonly #seen = new Set<Element>();
  readonly #observer = new IntersectionObserver((entries) => this.#see(entries), { threshold: 0.01 });
  /** In the order of the wall. */
  #tiles: Tile[] = [];
  #enlarged: Tile | undefined;
  #columns = 1;
  /** Going back in the history closes the enlarged camera. */
  #came = false;

  constructor() {
    on(window, 'resize', () => this.#arrange());
    on(document, 'visibilitychange', () => this.#want());
    on(window, 'hashchange', (event) => this.#follow(event as HashChangeEvent));
    on(this.#list, 'keydown', (event) => this.#move(event as KeyboardEvent));
  }

  /** Shows these; those that are there already stay as they are. */
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

  /** Nothing is seen of a tab in the background, nor behind an enlarged camera. */
  #want(): void {
    const covered = document.hidden || this.#enlarged !== undefined;
    for (const tile of this.#tiles) tile.wanted = !covered && this.#seen.has(tile.node);
  }

  /** Tiles as large as all of them can be in the window, or as wide as is good to look at. */
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

  /** Arrows go from tile to tile. */
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

  /** As the address of the page says. */
  #enlarge(): void {
    const tile = this.#tiles.find(({ camera }) => anchor(camera) === location.hash);
    const last = this.#enlarged;
    this.#enlarged = tile;
    if (tile) this.#large.open(tile);
    else if (last) {
      this.#large.close();
      last.link.focus();
      if (anchor(last.camera) === location.hash) forget(); // it is gone from the list
    }
    this.#want();
  }

  /** It was closed in the picture, not by the address. */
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

/** The width of one of so many tiles side by side. */
const across = (width: number, columns: number): number => (width - GAP * (columns - 1)) / columns;

/** Takes the camera out of the address of the page. */
const forget = (): void => history.replaceState(null, '', location.pathname + location.search);
