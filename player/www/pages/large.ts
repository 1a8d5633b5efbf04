// One camera that fills the window, over the wall: its main stream, with sound for who wants it.

import { say } from '../dom';
import { on } from '../event';
import type { Camera } from './cameras';
import { find } from './dom';
import { showFacts } from './facts';
import { label, type Tile } from './tile';

/** How often the facts beside the name are renewed, in ms. */
const TICK = 1_000;
/** The head goes when the pointer has rested for so long, in ms; as the bar does. */
const REST = 2_500;
/** A finger that moves so far sideways turns to the next camera, in pixels. */
const SWIPE = 60;

export class Large {
  readonly #dialog = find<HTMLDialogElement>('large');
  readonly #video = this.#dialog.querySelector('camgate-video')!;
  readonly #still = this.#dialog.querySelector('canvas')!;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #from: { x: number; y: number } | undefined;

  /** `left`: somebody closed it. `turn`: the next camera is wanted, or the one before. */
  constructor(left: () => void, turn: (step: 1 | -1) => void) {
    const dialog = this.#dialog;
    on(find('close'), 'click', () => dialog.close());
    on(find('before'), 'click', () => turn(-1));
    on(find('after'), 'click', () => turn(1));
    on(dialog, 'close', () => {
      if (dialog.open) return; // again, since
      this.close();
      left();
    });
    on(dialog, 'pointermove pointerdown focusin', () => this.#wake());
    // A button that has gone has left the focus to the page.
    on(document, 'keydown', (event) => dialog.open && this.#key(event as KeyboardEvent, turn));
    on(dialog, 'touchstart', (event) => (this.#from = finger(event as TouchEvent)));
    on(dialog, 'touchend', (event) => this.#swiped(finger(event as TouchEvent), turn));
    on(this.#video.video, 'resize', () => (this.#still.hidden = true));
  }

  /** Until the first picture comes, the tile's last one is shown. */
  open(tile: Tile): void {
    const { camera } = tile;
    if (this.#dialog.open && this.#video.src === camera.url) return this.rename(camera);
    tile.keep();
    this.#still.width = tile.still.width;
    this.#still.height = tile.still.height;
    this.#still.getContext('2d')?.drawImage(tile.still, 0, 0);
    this.#still.hidden = false;
    this.rename(camera);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#video.src = camera.url;
    this.#video.start();
    this.#wake();
    this.#ticker ??= setInterval(() => showFacts(find('large-facts'), this.#video.stats), TICK);
  }

  rename(camera: Camera): void {
    say(find('large-name'), label(camera));
    find<HTMLAnchorElement>('tools').href = `watch?src=${encodeURIComponent(camera.url)}`;
    document.title = `${label(camera)} · camgate`;
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    say(find('large-facts'), '');
    this.#video.src = '';
    if (this.#dialog.open) this.#dialog.close();
    document.title = 'camgate';
  }

  #key(event: KeyboardEvent, turn: (step: 1 | -1) => void): void {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    this.#wake();
    if (target instanceof HTMLInputElement || altKey || ctrlKey || metaKey) return;
    if (key === 'ArrowLeft') turn(-1);
    else if (key === 'ArrowRight') turn(1);
    else if (key === 'm') this.#video.muted = !this.#video.muted;
    else return;
    event.preventDefault();
  }

  #swiped(to: { x: number; y: number } | undefined, turn: (step: 1 | -1) => void): void {
    if (!this.#from || !to || document.fullscreenElement) return;
    const [x, y] = [to.x - this.#from.x, to.y - this.#from.y];
    if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) turn(x < 0 ? 1 : -1);
  }

  #wake(): void {
    this.#dialog.classList.add('awake');
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#dialog.classList.remove('awake'), REST);
  }
}

/** Where the one finger is. Two of them zoom. */
function finger({ touches, changedTouches }: TouchEvent): { x: number; y: number } | undefined {
  const [touch] = changedTouches;
  return touch && touches.length < 2 ? { x: touch.clientX, y: touch.clientY } : undefined;
}
