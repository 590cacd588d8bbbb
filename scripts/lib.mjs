// What the bench and the soak do alike: ask in JSON, find a free port, wait, and run the release apart from all others.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const binary = resolve(process.env.BERTH_BINARY ?? 'target/release/berth');
/** No single answer takes as long, in milliseconds. */
const patience = 120_000;

/** Sends a request on a connection of its own, unless `where` has an agent. */
export function send(where, method, path, headers = {}, body) {
  const all = { host: 'localhost', ...headers };
  return request({ agent: false, ...where, method, path, headers: all, signal: AbortSignal.timeout(patience) }).end(body);
}

/** Asks in JSON, and gives the answer. A refusal is an error with its `status` and, where the answer has one, its `code`. */
export async function ask(where, method, path, body, headers = {}) {
  const text = body && JSON.stringify(body);
  const more = text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const [response] = await once(send(where, method, path, { ...headers, ...more }, text), 'response');
  const answer = Buffer.concat(await response.toArray()).toString();
  const said = /^[[{]/.test(answer) ? JSON.parse(answer) : answer;
  const { statusCode: status } = response;
  if (status >= 300) throw Object.assign(new Error(`${method} ${path}: ${status} ${answer}`), { status, code: said.code });
  return said;
}

/** Where an engine listens, from its address as in DOCKER_HOST. */
export function engineAddress(host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock') {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const { protocol, hostname, port } = new URL(host);
  if (protocol !== 'tcp:' && protocol !== 'http:') throw new Error(`The engine at ${host} cannot be spoken to from here: only unix:// and tcp://.`);
  return { host: hostname, port: Number(port) };
}

/** The path, asking only for what carries this label. */
export function labelled(path, label) {
  return `${path}${path.includes('?') ? '&' : '?'}filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`;
}

/** Below the ports that a kernel gives to whoever asks for any, so that nobody has it by the time Berth takes it. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const probe = createServer();
    const free = await new Promise((answer) => probe.once('error', () => answer(false)).listen(port, '127.0.0.1', () => answer(true)));
    if (!free) continue;
    await new Promise((closed) => probe.close(closed));
    return port;
  }
}

let signalled = false;
/** From now on a first Ctrl-C lets what waits give up, so that everything is taken away in order. */
export function giveUpInOrder() {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (signalled = true));
}

export const interrupted = () => signalled;

/** Waits until something holds. Counted in tries too: a machine that was suspended meanwhile has made nobody late. */
export async function until(what, holds, { within = 90_000, every = 25 } = {}) {
  const began = performance.now();
  for (let tries = 1; ; tries += 1) {
    const held = await holds();
    if (held) return held;
    if (signalled) throw new Error('Interrupted.');
    if (performance.now() - began > within && tries > 100) throw new Error(`It takes too long until ${what}.`);
    await pause(every);
  }
}

/** The release, on a free port and with a directory of its own, which goes with it. */
export class Berth {
  static async prepare(name, settings = {}) {
    const berth = new this();
    berth.directory = mkdtempSync(join(tmpdir(), `berth-${name}-`));
    berth.log = join(berth.directory, 'log');
    berth.port = await freePort();
    berth.address = { host: '127.0.0.1', port: berth.port };
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('BERTH_'));
    berth.environment = {
      ...Object.fromEntries(others),
      RUST_BACKTRACE: '0',
      BERTH_SERVER__ADDR: `127.0.0.1:${berth.port}`,
      BERTH_SERVER__DATA_DIR: join(berth.directory, 'data'),
      // A small machine takes part too: limits are promised, not used.
      BERTH_DEFAULTS__HOST_CPU_RATIO: '100',
      BERTH_DEFAULTS__HOST_MEMORY_RATIO: '100',
      ...settings,
    };
    return berth;
  }

  /** Runs another command of the same installation, and gives what it prints. */
  async run(...command) {
    const { stdout } = await promisify(execFile)(binary, command, { cwd: this.directory, env: this.environment });
    return stdout.trim();
  }

  /** Starts it, and does not wait until it answers. */
  spawn() {
    const log = openSync(this.log, 'a');
    this.child = spawn(binary, ['serve'], { cwd: this.directory, env: this.environment, stdio: ['ignore', log, log] });
    closeSync(log);
    this.exit = once(this.child, 'exit');
  }

  get runs() {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Whether it answers; an error where it has ended. */
  async answers(path = '/healthz', headers = {}) {
    if (!this.runs) throw new Error('Berth ended by itself.');
    try {
      const [response] = await once(send(this.address, 'GET', path, headers), 'response');
      response.resume();
      return response.statusCode === 200;
    } catch (error) {
      if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') return false;
      throw error;
    }
  }

  /** Ends it as an operator would. */
  async stop() {
    if (!this.runs) return;
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), 30_000);
    await this.exit;
    clearTimeout(late);
  }

  /** kill -9 */
  async kill() {
    if (!this.runs) return;
    this.child.kill('SIGKILL');
    await this.exit;
  }

  /** The path of the link that an operator signs in with, of the last start. */
  signInPath() {
    const links = [...readFileSync(this.log, 'utf8').matchAll(/http:\/\/\S+\/auth\/operator\/[\w-]+/g)];
    return new URL(links.at(-1)[0]).pathname;
  }

  lastWords(lines = 30) {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : '(nothing)';
  }

  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
