// One attempt to watch one stream: the wasm machine, the two sockets and the machine's timer.
//
// Invariant: after stop(), or once ended() was called, nothing more comes out of a session.

import { max, now as clock } from './event';
import { failed, internal, type Problem } from './problem';
import { Link, type Listener, type SocketName } from './socket';
import { userIn } from './address';
import type { Machine, Output } from './wasm';

export interface Source {
  /** rtsp:// or rtsps://, credentials allowed. */
  url: string;
  user: string;
  password: string;
  /** Address, user and password of a host that the stream moved to, if there are any. */
  there: [] | [string, string, string];
  /** ws:// or wss:// of the gateway. */
  socket: string;
}

export interface SessionListener {
  /** So many bytes of media came, with all their headers. */
  received(bytes: number): void;
  media(output: Output): void;
  /** It is over, by itself if there is a problem. `spoilt`: the machine trapped and must not be used again. */
  ended(problem: Problem | undefined, spoilt: boolean): void;
}

/** Of a description: a range that has an end (RFC 2326 §3.6, §3.7). */
const RECORDED = /a=range:(npt|clock)=\S*-\w/;

export class Session implements Listener {
  readonly #machine: Machine;
  readonly #source: Source;
  readonly #listener: SessionListener;
  #link: Link | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When #timer fires, and when the machine really wants to be called. */
  #armed = Infinity;
  #due = Infinity;
  #over = false;
  /** The address that the stream has moved to. */
  #moved = '';
  /** Being stopped: what is left to say to the gateway still goes out, nothing else does. */
  #leaving = false;
  /** The camera describes a recording, which has an end. */
  recorded = false;
  /** When the last bytes of media came (clock()). */
  heard = clock();

  constructor(machine: Machine, source: Source, listener: SessionListener) {
    this.#machine = machine;
    this.#source = source;
    this.#listener = listener;
  }

  start(): void {
    const { url, user, password, there } = this.#source;
    this.#run((now) => this.#machine.open([url, user, password, ...there], now));
    if (!this.#over) this.#connect();
  }

  pause(): void {
    this.#call('pause');
  }

  play(): void {
    this.#call('play');
  }

  /** Says good-bye to the camera and leaves. */
  stop(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#call('close'); // its TEARDOWN is sent before the sockets close
    this.#finish();
  }

  opened(name: SocketName): void {
    this.#call(`${name}_opened`);
  }

  message(name: SocketName, text: string): void {
    this.recorded ||= RECORDED.test(text);
    this.#run((now) => this.#machine.tell(`${name}_message`, text, now));
  }

  media(bytes: ArrayBuffer): void {
    this.#listener.received(bytes.byteLength);
    this.#run((now) => {
      this.heard = now;
      this.#check(now); // timers of a page in the background come late; the keep-alive must not
      this.#machine.tell('media', bytes, now);
    });
  }

  lost(problem: Problem): void {
    this.#end(problem);
  }

  #connect(): void {
    this.#link?.close();
    this.#link = new Link(this.#source.socket, this);
    this.#link.open('control');
  }

  #call(name: Parameters<Machine['call']>[0]): void {
    this.#run((now) => this.#machine.call(name, now));
  }

  /** The moment that the machine named may have come. */
  #check(now: number): void {
    if (now >= this.#due) this.#machine.call('handle_timeout', now);
  }

  /** Every call into the machine: then does what it wants done, then sets its timer. */
  #run(call: (now: number) => void): void {
    if (this.#over) return;
    try {
      call(clock());
      for (let output = this.#machine.poll(); output && !this.#over; output = this.#machine.poll()) {
        this.#handle(output);
      }
      if (!this.#over) this.#arm();
    } catch (error) {
      this.#end(internal(error), true);
    }
  }

  #handle(output: Output): void {
    const { kind } = output;
    if (this.#leaving && kind !== 'control' && kind !== 'data') return;
    switch (kind) {
      case 'control':
      case 'data': return this.#link?.send(kind, output.text);
      case 'openData': return this.#link?.open('data');
      case 'error': {
        const { user, url, there } = this.#source;
        const moved = this.#moved;
        const given = moved ? moved === there[0] : user !== '' || userIn(url) !== undefined;
        return this.#end(failed(output.code, output.message, { given, moved }));
      }
      case 'reopen': {
        this.#moved = output.text;
        return this.#connect();
      }
      case 'closed': return; // only ever the answer to stop(), which does not wait for it
      default: return this.#listener.media(output);
    }
  }

  /** Sets the timer anew only when it would fire too late; early ones just come back here. */
  #arm(): void {
    this.#due = this.#machine.timeout();
    if (this.#due >= this.#armed) return;
    clearTimeout(this.#timer);
    this.#armed = this.#due;
    this.#timer = setTimeout(() => {
      this.#armed = Infinity;
      this.#run((now) => this.#check(now));
    }, max(0, this.#due - clock()));
  }

  #end(problem: Problem, spoilt = false): void {
    if (this.#over) return;
    this.#finish();
    this.#listener.ended(this.#leaving ? undefined : problem, spoilt);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#link?.close();
  }
}

/** User and password that a source has for the camera, or for the address that its stream has moved to. */
export function credentialsFor({ user, password, there }: Source, moved?: string): [string, string] {
  const [place, ...given] = moved ? there : [moved, user, password];
  return place === moved ? (given as [string, string]) : ['', ''];
}
