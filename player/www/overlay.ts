// The messages over the picture: what is going on, what is wrong, what to do.
//
// Invariant: it decides nothing. It shows a Scene, and reports what the viewer wants.

import { icon, made, part, say } from './dom';
import { on } from './event';
import type { Problem, Unsupported } from './problem';
import type { State } from './state';

export interface Scene {
  state: State;
  problem: Problem | undefined;
  /** Seconds to the next attempt. */
  retryIn: number;
  /** The picture is moving. */
  moving: boolean;
  /** The viewer has to start playing. */
  idle: boolean;
  unsupported: readonly Unsupported[];
}

export interface Wishes {
  play(): void;
  again(): void;
  signIn(user: string, password: string): void;
}

const PROGRESS: Partial<Record<State, string>> = {
  connecting: 'Connecting',
  describing: 'Waiting for the camera',
  buffering: 'Waiting for the picture',
  playing: 'Waiting for the picture',
  reconnecting: 'Connecting',
};

const MARKUP = `<div class="overlay"><div class="spinner" aria-hidden="true"></div>
<div role="status"><p class="title"></p><p class="message"></p></div>
<form><label>User <input name="user" autocomplete="username" autocapitalize="none" spellcheck="false"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button class="button strong">Sign in</button></form>
<button class="play" aria-label="Play">${icon('play')}</button>
<div class="actions"><button class="button"></button><span class="wait"></span></div></div>`;

export class Overlay {
  readonly node = made(MARKUP);
  /** A line at the upper edge of a picture that is playing. */
  readonly note = made('<p class="note" role="status"></p>');
  readonly #spinner = part(this.node, '.spinner');
  readonly #title = part(this.node, '.title');
  readonly #message = part(this.node, '.message');
  readonly #form = part(this.node, 'form');
  readonly #user = part<HTMLInputElement>(this.node, '[name=user]');
  readonly #password = part<HTMLInputElement>(this.node, '[name=password]');
  readonly #play = part(this.node, '.play');
  readonly #again = part(this.node, '.actions button');
  readonly #wait = part(this.node, '.wait');

  constructor(wishes: Wishes) {
    on(this.#again, 'click', () => wishes.again());
    on(this.#play, 'click', () => wishes.play());
    on(this.#form, 'submit', (event) => {
      event.preventDefault();
      wishes.signIn(this.#user.value.trim(), this.#password.value);
      this.#password.value = '';
    });
  }

  /** `user` is filled into the form. */
  show(scene: Scene, user: string): void {
    const { state, problem } = scene;
    const soundOnly = !problem && scene.moving && scene.unsupported.find(({ media }) => media === 'video');
    const busy = !scene.moving && !scene.idle && !problem && PROGRESS[state] !== undefined;
    const asks = problem?.kind === 'credentials' && state === 'failed';
    this.node.classList.toggle('shown', Boolean(problem) || busy || scene.idle || Boolean(soundOnly));
    this.node.classList.toggle('busy', busy);
    const resting = state === 'failed' || state === 'reconnecting';
    this.#spinner.hidden = !busy && (!problem || resting);
    this.#play.hidden = !scene.idle || Boolean(problem);
    this.#again.hidden = !problem || !resting || asks;
    say(this.#title, problem?.title ?? (soundOnly ? 'Sound only' : busy ? PROGRESS[state] ?? '' : ''));
    say(this.#message, problem?.message ?? (soundOnly ? soundOnly.message : ''));
    this.#countDown(scene);
    this.#ask(asks, user);
    this.#hint(scene);
  }

  #countDown({ state, retryIn, problem }: Scene): void {
    const seconds = Math.ceil(retryIn);
    const text = state !== 'reconnecting' || !problem ? '' : seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again';
    say(this.#wait, text);
    if (!this.#again.hidden) say(this.#again, text ? 'Try now' : 'Try again');
  }

  #ask(asks: boolean, user: string): void {
    if (this.#form.hidden === !asks) return;
    this.#form.hidden = !asks;
    if (!asks) return;
    this.#user.value ||= user;
    // It must not take the focus from where somebody is typing, nor from another player's form.
    if (document.activeElement === document.body || !document.activeElement) {
      (this.#user.value ? this.#password : this.#user).focus();
    }
  }

  /** Shows unsupported audio as a note, because that is no reason to cover the picture. */
  #hint({ moving, problem, unsupported }: Scene): void {
    const audio = unsupported.find(({ media }) => media === 'audio');
    say(this.note, moving && !problem && audio ? `No sound. ${audio.message}` : '');
  }
}
