// One camera that fills the window in front of the wall: its main stream, with audio if wanted.

import { say } from '../dom';
import { on } from '../event';
import type { Camera } from './cameras';
import { find } from './dom';
import { showFacts } from './facts';
import { label, type Tile } from './tile';

/** How often the facts beside the name are updated, in ms. */
const TICK = 1_000;
/** The header disappears when the pointer has rested for this long, in ms, like the control bar. */
const REST = 2_500;
/** A finger that moves this far sideways goes to the next camera, in pixels. */
const SWIPE = 60;

export class Large {
  readonly #dialog = find<HTMLDialogElement>('large');
  readonly #video = this.#dialog.querySelector('camgate-video')!;
  readonly #still = this.#dialog.querySelector('canvas')!;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #from: { x: number; y: number } | undefined;

  /** `left` is called when somebody closes it, `turn` when they want the next camera or the one before. */
  constructor(left: () => void, turn: (step: 1 | -1) => void) {
    const dialog = this.#dialog;
    on(find('close'), 'click', () => dialog.close());
    on(find('before'), 'click', () => turn(-1));
    on(find('after'), 'click', () => turn(1));
    on(dialog, 'close', () => {
      if (dialog.open) return; // it was opened again meanwhile
      this.close();
      left();
    });
    on(dialog, 'pointermove pointerdown focusin', () => this.#wake());
    // When a button disappears, the focus goes to the page.
    on(document, 'keydown', (event) => dialog.open && this.#key(event as KeyboardEvent, turn));
    on(dialog, 'touchstart', (event) => (this.#from = finger(event as TouchEvent)));
    on(dialog, 'touchend', (event) => this.#swiped(finger(event as TouchEvent), turn));
    on(this.#video.video, 'resize', () => (this.#still.hidden = true));
  }

  /** Opens the camera of a tile. The tile's last picture is shown until the first one comes. */
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

/** The position of a single finger; two fingers zoom. */
function finger({ touches, changedTouches }: TouchEvent): { x: number; y: number } | undefined {
  const [touch] = changedTouches;
  return touch && touches.length < 2 ? { x: touch.clientX, y: touch.clientY } : undefined;
}
