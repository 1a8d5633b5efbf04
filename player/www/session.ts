// One attempt to watch one stream: the wasm machine, the two sockets and the machine's timer.
//
// Invariant: after stop(), or once ended() was called, nothing more comes out of a session.

import { now as clock } from './event';
import { failed, internal, type Problem } from './problem';
import { Link, type Listener, type SocketName } from './socket';
import { userIn } from './address';
import { halves, type Machine, type Output } from './wasm';

export interface Source {
  /** rtsp:// or rtsps://, credentials allowed. */
  url: string;
  user: string;
  password: string;
  /** Address, user and password of a host that the stream moved to. */
  there: string[];
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

export class Session implements Listener {
  readonly #machine: Machine;
  readonly #source: Source;
  readonly #listener: SessionListener;
  #link: Link;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When #timer fires, and when the machine really wants to be called. */
  #armed = Infinity;
  #due = Infinity;
  #over = false;
  /** The address that the stream has moved to. */
  #moved = '';
  /** Being stopped: what is left to say to the gateway still goes out, nothing else does. */
  #leaving = false;
  /** When the last bytes of media came (clock()). */
  heard = clock();

  constructor(machine: Machine, source: Source, listener: SessionListener) {
    this.#machine = machine;
    this.#source = source;
    this.#listener = listener;
    this.#link = new Link(source.socket, this);
  }

  start(): void {
    const { url, user, password, there } = this.#source;
    this.#run((now) => this.#machine.open([url, user, password, ...there], now));
    if (!this.#over) this.#link.open('control');
  }

  pause(): void {
    this.#run((now) => this.#machine.call('pause', now));
  }

  play(): void {
    this.#run((now) => this.#machine.call('play', now));
  }

  /** Says good-bye to the camera and leaves. */
  stop(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#run((now) => this.#machine.call('close', now)); // its TEARDOWN is sent before the sockets close
    this.#finish();
  }

  opened(name: SocketName): void {
    this.#run((now) => this.#machine.call(`${name}_opened`, now));
  }

  message(name: SocketName, text: string): void {
    this.#run((now) => this.#machine.tell(`${name}_message`, text, now));
  }

  media(bytes: ArrayBuffer): void {
    this.#listener.received(bytes.byteLength);
    this.#run((now) => {
      this.heard = now;
      // Timers of a page in the background come late; the keep-alive must not.
      if (now >= this.#due) this.#machine.call('handle_timeout', now);
      this.#machine.tell('media', bytes, now);
    });
  }

  lost(problem: Problem): void {
    this.#end(problem, false);
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
    const { kind, text } = output;
    if (this.#leaving && kind !== 'control' && kind !== 'data') return;
    switch (kind) {
      case 'control':
      case 'data': return this.#link.send(kind, text);
      case 'openData': return this.#link.open('data');
      case 'error': {
        const { user, url, there } = this.#source;
        const moved = this.#moved;
        const given = moved ? moved === there[0] : user !== '' || userIn(url) !== undefined;
        const [code, message] = halves(text, '\n');
        return this.#end(failed(Number(code) || 500, message, { given, moved }), false);
      }
      case 'reopen': {
        this.#moved = text;
        this.#link.close();
        this.#link = new Link(this.#source.socket, this);
        return this.#link.open('control');
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
      this.#run((now) => {
        if (now >= this.#due) this.#machine.call('handle_timeout', now);
      });
    }, Math.max(0, this.#due - clock()));
  }

  #end(problem: Problem, spoilt: boolean): void {
    if (this.#over) return;
    this.#finish();
    this.#listener.ended(this.#leaving ? undefined : problem, spoilt);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#link.close();
  }
}

/** What a source has for the camera, or for the address that its stream has moved to. */
export function credentialsFor({ user, password, there }: Source, moved?: string): { user: string; password: string } {
  if (!moved) return { user, password };
  return there[0] === moved ? { user: there[1] ?? '', password: there[2] ?? '' } : { user: '', password: '' };
}
