// The player's wasm by itself, with a gateway and a camera that say what is expected of them.

import { readFile } from 'node:fs/promises';
import { player } from '../../browser/player.mjs';

const WASM = new URL('../../../player/dist/camgate.wasm', import.meta.url);
const { KINDS } = await player('wasm');

export class Machine {
  #wasm;
  #sdp;
  #now = 1000;
  /** Fragments that came out, of both tracks, and their bytes. */
  fragments = 0;
  bytes = 0;

  /** The camera describes its stream by `sdp`. */
  static async create(sdp) {
    const machine = new Machine();
    machine.#sdp = sdp;
    const { instance } = await WebAssembly.instantiate(await readFile(WASM));
    machine.#wasm = instance.exports;
    machine.#start();
    return machine;
  }

  #start() {
    this.#tell('open', 'rtsp://10.0.0.1/capture\n\n');
    this.#wasm.control_opened(this.#now);
    this.#drain();
  }

  /** A message of the gateway's: interleaved frames. 40 ms pass. */
  media(message) {
    this.#now += 40;
    this.#give('media', message);
    this.#drain();
  }

  #tell(name, text) {
    this.#give(name, Buffer.from(text));
  }

  #give(name, bytes) {
    const at = this.#wasm.input(bytes.length); // may move the memory: asked before it is looked at
    new Uint8Array(this.#wasm.memory.buffer, at, bytes.length).set(bytes);
    this.#wasm[name](bytes.length, this.#now);
  }

  /** As the page does it: every output is copied out of the memory. */
  #drain() {
    const wasm = this.#wasm;
    for (let number = wasm.poll_output(); number; number = wasm.poll_output()) {
      const kind = KINDS[number - 1];
      const bytes = new Uint8Array(wasm.memory.buffer, wasm.output_ptr(), wasm.output_len()).slice();
      if (kind === 'fragment') {
        this.fragments++;
        this.bytes += bytes.length;
      } else {
        this.#act(kind, Buffer.from(bytes).toString());
      }
    }
  }

  #act(kind, text) {
    const seq = /^seq: *(\d+)/m.exec(text)?.[1];
    const reply = (headers, payload = '') => `WSP/1.1 200 OK\r\nseq: ${seq}\r\n${headers}\r\n${payload}`;
    if (kind === 'error') throw new Error(text);
    if (kind === 'openData') this.#wasm.data_opened(this.#now);
    else if (kind === 'data') this.#tell('data_message', reply(''));
    else if (kind === 'control' && text.startsWith('WSP/1.1 INIT')) this.#tell('control_message', reply('channel: 1\r\n'));
    else if (kind === 'control' && text.startsWith('WSP/1.1 WRAP')) this.#tell('control_message', reply('', camera(text, this.#sdp)));
  }
}

/** The camera's answer to the RTSP request in a WRAP. */
function camera(text, sdp) {
  const request = text.slice(text.indexOf('\r\n\r\n') + 4);
  const cseq = /^CSeq: *(\d+)/m.exec(request)[1];
  const answer = (headers, body = '') => `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\n${headers}\r\n${body}`;
  if (request.startsWith('DESCRIBE')) {
    return answer(`Content-Type: application/sdp\r\nContent-Base: rtsp://10.0.0.1/capture/\r\nContent-Length: ${sdp.length}\r\n`, sdp);
  }
  const transport = /^Transport: *([^\r]*)/m.exec(request)?.[1];
  return answer(`Session: 1\r\n${transport ? `Transport: ${transport}\r\n` : 'Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n'}`);
}
