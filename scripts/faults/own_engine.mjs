// A Docker Engine of the soak's own, which may be killed: the engine alone, or the whole machine under it. The machine is a
// process namespace, and its first process is its power switch: whatever runs there ends with it, containers too. One that is
// reached over TLS has a network of its own too, at the other end of a cable.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { ask, until } from '../lib.mjs';

const groups = '/sys/fs/cgroup';
/** The two ends of a cable. */
const cable = { here: 'berth-cable', there: 'cable' };

export class OwnEngine {
  /** With `cabled` (`here` and `there`, two addresses, and the folder of its `certificates`) it listens at `there` over TLS too. */
  static async start(cabled) {
    const engine = new OwnEngine();
    engine.cabled = cabled;
    engine.directory = mkdtempSync(join(tmpdir(), 'berth-engine-'));
    engine.address = { socketPath: join(engine.directory, 'docker.sock') };
    try {
      ip('link', 'set', 'lo', 'up');
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
      ...this.#listening(),
    ];
    const log = openSync(at('log'), 'a');
    this.dockerd = spawn('nsenter', this.#within(dockerd), { stdio: ['ignore', log, log], detached: true });
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
    this.#wipe('run', 'pid');
    // It goes with the machine's network, sooner or later.
    if (this.cabled) spawnSync('ip', ['link', 'delete', cable.here]);
  }

  /** Another machine takes its place: it has the address and the certificates, and nothing else of the one before. */
  async exchange() {
    await this.cutPower();
    this.#wipe('data', 'etc');
    await this.restart({ keeping: true });
  }

  /** Pulls the cable, at the machine's end: whoever is connected hears nothing of it. */
  cut() {
    this.#inside('ip', 'link', 'set', cable.there, 'down');
  }

  mend() {
    this.#inside('ip', 'link', 'set', cable.there, 'up');
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
    const own = ['--pid', '--mount', '--mount-proc', ...(this.cabled ? ['--net'] : [])];
    const words = ['--pdeathsig', 'KILL', 'unshare', ...own, '--fork', '--kill-child', ...first];
    this.machine = spawn('setpriv', words, { stdio: 'ignore', detached: true });
    this.machineEnded = once(this.machine, 'exit');
    // Its namespaces are there when it has begun to sleep.
    await until('the machine is there', () => {
      this.first = childOf(this.machine.pid);
      return this.first && childOf(this.first);
    });
    // There an engine keeps its identity.
    const etc = join(this.directory, 'etc');
    mkdirSync(etc, { recursive: true });
    mkdirSync('/etc/docker', { recursive: true });
    this.#inside('mount', '--bind', etc, '/etc/docker');
    if (this.cabled) this.#lay(this.cabled);
  }

  #lay({ here, there }) {
    ip('link', 'add', cable.here, 'type', 'veth', 'peer', 'name', cable.there, 'netns', String(this.first));
    ip('address', 'add', `${here}/30`, 'dev', cable.here);
    ip('link', 'set', cable.here, 'up');
    this.#inside('ip', 'link', 'set', 'lo', 'up');
    this.#inside('ip', 'address', 'add', `${there}/30`, 'dev', cable.there);
    this.mend();
  }

  /** What makes it listen over TLS, to those whose certificate its authority has signed. */
  #listening() {
    if (!this.cabled) return [];
    const { there, certificates } = this.cabled;
    const file = (name) => join(certificates, name);
    const tls = ['--tlsverify', '--tlscacert', file('ca.pem'), '--tlscert', file('server-cert.pem'), '--tlskey', file('server-key.pem')];
    return ['--host', `tcp://${there}:2376`, ...tls];
  }

  #within(command) {
    return ['--target', this.first, '--pid', '--mount', '--net', ...command];
  }

  #inside(...command) {
    execFileSync('nsenter', this.#within(command));
  }

  #wipe(...names) {
    for (const name of names) rmSync(join(this.directory, name), { recursive: true, force: true });
  }

  #lastWords() {
    const lines = readFileSync(join(this.directory, 'log'), 'utf8').trimEnd().split('\n');
    const panic = lines.findLastIndex((line) => line.startsWith('panic:'));
    return (panic < 0 ? lines.slice(-20) : lines.slice(panic, panic + 20)).join('\n');
  }
}

const ip = (...words) => execFileSync('ip', words);

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
