// A Docker Engine of the soak's own, which may be killed: the engine alone, or the whole machine under it. The machine is a
// process namespace, and its first process is its power switch: whatever runs there ends with it, containers too.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { ask, until } from '../lib.mjs';

const groups = '/sys/fs/cgroup';

export class OwnEngine {
  static async start() {
    const engine = new OwnEngine();
    engine.directory = mkdtempSync(join(tmpdir(), 'berth-engine-'));
    engine.address = { socketPath: join(engine.directory, 'docker.sock') };
    try {
      execFileSync('ip', ['link', 'set', 'lo', 'up']);
      await engine.restart({ keeping: true });
      return engine;
    } catch (error) {
      await engine.end();
      throw error;
    }
  }

  /** Runs a script of ours that talks to the engine as any client does. */
  async serve(script, ...words) {
    await promisify(execFile)(script, words, { env: { ...process.env, DOCKER_HOST: `unix://${this.address.socketPath}` } });
  }

  /** Starts it where it does not run. It ends what still runs from before, unless `keeping` (live restore). */
  async restart({ keeping }) {
    if (!this.machine) await this.#powerOn();
    const at = (name) => join(this.directory, name);
    const dockerd = [
      ...['dockerd', '--host', `unix://${at('docker.sock')}`, '--data-root', at('data'), '--exec-root', at('run'), '--pidfile', at('pid')],
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/${basename(this.directory)}`, ...(keeping ? ['--live-restore'] : [])],
    ];
    const log = openSync(at('log'), 'a');
    this.dockerd = spawn('nsenter', ['--target', this.first, '--pid', '--mount', ...dockerd], { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.exit = once(this.dockerd, 'exit');
    await until('the engine answers', () => {
      if (this.dockerd.exitCode !== null) throw new Error(`The engine ended by itself:\n${this.#lastWords()}`);
      return ask(this.address, 'GET', '/_ping').catch(() => false);
    });
  }

  /** kill -9 of the engine. Its containers run on, and nobody looks after them. */
  async kill() {
    process.kill(childOf(this.dockerd.pid), 'SIGKILL');
    await this.exit;
  }

  /** The machine's power fails: the engine, its helpers and every container end at once. What was in /run is gone. */
  async cutPower() {
    this.machine.kill('SIGKILL');
    await Promise.all([this.exit, this.machineEnded]);
    this.machine = undefined;
    rmSync(join(this.directory, 'run'), { recursive: true, force: true });
    rmSync(join(this.directory, 'pid'), { force: true });
  }

  /** Ends it, with all that it made. */
  async end() {
    if (this.machine) await this.cutPower();
    rmSync(this.directory, { recursive: true, force: true });
    for (const group of [groups, ...readdirSync(groups).map((name) => join(groups, name))]) removeGroup(join(group, basename(this.directory)));
  }

  /** Ends with whoever started it, however that ends. */
  async #powerOn() {
    const first = ['sh', '-c', 'sleep infinity & wait'];
    const words = ['--pdeathsig', 'KILL', 'unshare', '--pid', '--mount', '--mount-proc', '--fork', '--kill-child', ...first];
    this.machine = spawn('setpriv', words, { stdio: 'ignore', detached: true });
    this.machineEnded = once(this.machine, 'exit');
    // Its namespaces are there when it has begun to sleep.
    await until('the machine is there', () => {
      this.first = childOf(this.machine.pid);
      return this.first && childOf(this.first);
    });
  }

  #lastWords() {
    const lines = readFileSync(join(this.directory, 'log'), 'utf8').trimEnd().split('\n');
    const panic = lines.findLastIndex((line) => line.startsWith('panic:'));
    return (panic < 0 ? lines.slice(-20) : lines.slice(panic, panic + 20)).join('\n');
  }
}

/** The first child of a process, as this namespace counts. */
function childOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return Number(children[0]) || undefined;
}

function removeGroup(path) {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(path, entry.name));
  }
  rmdirSync(path);
}
