// Starts the programs under test and sees to it that none outlives its test.
// A program is ready when it says so in its own words; nothing is slept for.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const GATEWAY = join(ROOT, 'target/release/camgate');
const GSTREAMER = fileURLToPath(new URL('gstreamer.py', import.meta.url));

/** How long a program may take to get ready or to end, in ms. */
const PATIENCE = 20_000;

/** A running program: what it said so far, and how to end it. */
export class Program {
  constructor(command, args) {
    this.name = [command.split('/').pop(), ...args].join(' ');
    this.output = '';
    this.waiting = new Set();
    this.child = spawn(command, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
    this.ended = once(this.child, 'exit').catch((error) => [error.message]);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        for (const look of this.waiting) look();
      });
    }
  }

  /** The match of `pattern` in what the program says, once it says it. */
  async says(pattern) {
    let look;
    const said = new Promise((resolve) => {
      look = () => {
        const match = this.output.match(pattern);
        if (match) resolve(match);
      };
    });
    this.waiting.add(look);
    look();
    try {
      return await inTime(
        Promise.race([
          said,
          this.ended.then(([code]) => {
            throw new Error(`ended (${code}) before it said ${pattern}`);
          }),
        ]),
        `say ${pattern}`,
      );
    } catch (error) {
      throw new Error(`${this.name}: ${error.message}\n${this.output}`);
    } finally {
      this.waiting.delete(look);
    }
  }

  /** Ends it and resolves to its exit code; `SIGKILL` is a power cut. */
  async end(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.finishes(`end on ${signal}`);
  }

  /** Resolves to its exit code once it has ended by itself. */
  async finishes(what = 'end') {
    try {
      const [code] = await inTime(this.ended, what);
      return code;
    } catch (error) {
      this.child.kill('SIGKILL');
      throw new Error(`${this.name}: ${error.message}\n${this.output}`);
    }
  }
}

async function inTime(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not ${what} in ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a test started, ended in reverse order whatever became of the test. */
export class Stage {
  programs = [];
  folders = [];

  start(command, args) {
    const program = new Program(command, args);
    this.programs.push(program);
    return program;
  }

  /** The gateway; `settings` is the text of its configuration file. */
  async gateway(settings, port = 0) {
    const folder = await mkdtemp(join(tmpdir(), 'camgate-test-'));
    this.folders.push(folder);
    const file = join(folder, 'camgate.ini');
    await writeFile(file, settings);
    const program = this.start(GATEWAY, ['serve', '-c', file, '--listen', `127.0.0.1:${port}`]);
    program.port = await listening(program);
    program.page = `http://127.0.0.1:${program.port}/`;
    /** Another configuration, for all who watch as they do. */
    program.configure = async (changed) => {
      await writeFile(file, changed);
      program.child.kill('SIGHUP');
    };
    return program;
  }

  /** The gateway with its built-in camera. */
  async demo() {
    const program = this.start(GATEWAY, ['demo', '--listen', '127.0.0.1:0']);
    program.port = await listening(program);
    const [, page] = await program.says(/open (http:\/\/\S+)/);
    program.page = page;
    const [camera] = await (await fetch(`${page}api/cameras`)).json();
    program.camera = camera.url;
    return program;
  }

  /** The built-in camera alone. */
  async clip() {
    const program = this.start(GATEWAY, ['camera', '--listen', '127.0.0.1:0']);
    const [url] = await program.says(/rtsp:\/\/127\.0\.0\.1:\d+\//);
    program.url = url;
    return program;
  }

  /** GStreamer's RTSP server; `options` as in gstreamer.py. */
  async camera(...options) {
    const program = this.start('/usr/bin/python3', [GSTREAMER, ...options]);
    const [, port] = await program.says(/READY (\d+)/);
    program.port = Number(port);
    program.url = `rtsp://127.0.0.1:${port}/`;
    return program;
  }

  /** What everybody said, for the report of a test that failed. */
  transcript() {
    return this.programs
      .map(({ name, output }) => `--- ${name}\n${output.slice(-4000)}`)
      .join('\n');
  }

  async clear() {
    const ends = this.programs.reverse().map((program) => program.end('SIGKILL'));
    await Promise.allSettled(ends);
    await Promise.all(this.folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

async function listening(program) {
  const [, port] = await program.says(/listening on http:\/\/[^/\s]*:(\d+)\//);
  return Number(port);
}
