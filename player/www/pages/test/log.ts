// The log of a page: what happened when, to read or to send to somebody.
//
// Invariant: the oldest lines are dropped, and nothing secret is logged.

import { h } from '../dom';

const LIMIT = 400;
/** If the list is this close to its end, in pixels, it scrolls with new lines. */
const NEAR = 24;

export class Log {
  readonly #list: HTMLElement;
  #last = '';
  #times = 1;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  add(text: string, wrong = false): void {
    const list = this.#list;
    if (text === this.#last && list.lastChild?.lastChild) {
      list.lastChild.lastChild.textContent = `${text} (${++this.#times} times)`;
      return;
    }
    this.#last = text;
    this.#times = 1;
    const follow = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    list.append(h('li', wrong ? { class: 'wrong' } : {}, h('time', {}, stamp()), ' ', text));
    while (list.childElementCount > LIMIT) list.firstElementChild?.remove();
    if (follow) list.scrollTop = list.scrollHeight;
  }

  clear(): void {
    this.#list.replaceChildren();
  }

  get text(): string {
    return [...this.#list.children].map(({ textContent }) => textContent).join('\n');
  }
}

/** The time of day, such as `15:04:05.123`. */
function stamp(): string {
  const now = new Date();
  return `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

/** Copies to the clipboard. Pages loaded over plain http can only do so in the old way. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h('textarea', { class: 'aside', readonly: '' }, text);
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
