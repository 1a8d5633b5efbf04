// One session with one stream: the wasm machine, the two sockets and the machine's timer.
//
// Invariant: after stop(), or once ended() was called, a session has no more outputs.

import { max, now as clock } from './event';
import { failed, internal, type Problem } from './problem';
import { Sockets, type Listener, type SocketName } from './socket';
import { userIn } from './address';
import type { Machine, Output } from './wasm';

export interface StreamAddress {
  /** rtsp:// or rtsps://, with or without credentials. */
  url: string;
  user: string;
  password: string;
  /** Address, user and password of the host to which the stream has moved, if there is one. */
  there: [] | [string, string, string];
  /** The gateway's address, ws:// or wss://. */
  socket: string;
}

export interface SessionListener {
  /** This many bytes of media have come, including all headers. */
  received(bytes: number): void;
  media(output: Output): void;
  /** The session is over, because of a problem if there is one. `spoilt`: the machine has trapped and must not be used
   * again. */
  ended(problem: Problem | undefined, spoilt: boolean): void;
}

/** A range with an end, in a session description (RFC 2326 §3.6, §3.7). */
const RECORDED = /a=range:(npt|clock)=\S*-\w/;

export class Session implements Listener {
  readonly #machine: Machine;
  readonly #source: StreamAddress;
  readonly #listener: SessionListener;
  #sockets: Sockets | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When #timer fires, and when the machine wants to be called. */
  #armed = Infinity;
  #due = Infinity;
  #over = false;
  /** The address to which the stream has moved. */
  #moved = '';
  /** The session is being stopped: what the gateway still has to be told is sent, and nothing else. */
  #leaving = false;
  /** The camera describes a recording, which has an end. */
  recorded = false;
  /** When the last bytes of media came (now()). */
  heard = clock();

  constructor(machine: Machine, source: StreamAddress, listener: SessionListener) {
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

  /** Ends the session with the camera, and closes the sockets. */
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
      this.#check(now); // timers of background pages are late, but keep-alives must not be
      this.#machine.tell('media', bytes, now);
    });
  }

  lost(problem: Problem): void {
    this.#end(problem);
  }

  #connect(): void {
    this.#sockets?.close();
    this.#sockets = new Sockets(this.#source.socket, this);
    this.#sockets.open('control');
  }

  #call(name: Parameters<Machine['call']>[0]): void {
    this.#run((now) => this.#machine.call(name, now));
  }

  /** Calls the machine if the time that it named has come. */
  #check(now: number): void {
    if (now >= this.#due) this.#machine.call('handle_timeout', now);
  }

  /** Makes a call into the machine, handles the outputs, and sets the timer. */
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
      case 'data': return this.#sockets?.send(kind, output.text);
      case 'openData': return this.#sockets?.open('data');
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
      case 'closed': return; // the answer to stop(), which does not wait for it
      default: return this.#listener.media(output);
    }
  }

  /** Sets the timer anew only if it would fire too late; after an early one this is called again. */
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
    this.#sockets?.close();
  }
}

/** The user and password that a source has for the camera, or for the address to which its stream has moved. */
export function credentialsFor({ user, password, there }: StreamAddress, moved?: string): [string, string] {
  const [place, ...given] = moved ? there : [moved, user, password];
  return place === moved ? (given as [string, string]) : ['', ''];
}
