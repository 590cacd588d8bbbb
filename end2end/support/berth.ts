// A Berth of the journeys' own: the release binary on free ports, with a throw-away data directory and a real provider.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { client, startProvider } from '../provider.mjs';
import { containersOf, Gate, removeContainer } from './engine.ts';
import { Proxy } from './proxy.ts';

const binary = resolve(process.env.BERTH_BINARY ?? 'target/release/berth');
const results = resolve('end2end/results');

/** TOML tables over the defaults below, such as `{ sessions: { … } }`. */
export type Settings = Record<string, Record<string, unknown>>;

export class Berth {
  private constructor(
    readonly url: string,
    /** Between Berth and the engine. */
    readonly gate: Gate,
    private readonly directory: string,
    private readonly config: string,
    private readonly process: ChildProcess,
    private readonly log: string,
    private readonly stopProvider: () => Promise<void>,
    private readonly proxy: Proxy | undefined,
  ) {}

  static async start(name: string, settings: Settings = {}): Promise<Berth> {
    const directory = mkdtempSync(join(tmpdir(), `berth-${name}-`));
    const gate = new Gate(join(directory, 'engine.sock'));
    await gate.restore();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const provider = await startProvider({ berth: url });
    const kind = process.env.BERTH_PROXY;
    const behind = kind ? await freePort() : undefined;
    const proxy = kind && behind ? Proxy.start(kind, directory, port, behind) : undefined;
    const config = join(directory, 'berth.toml');
    writeFileSync(
      config,
      toml({
        server: { addr: `127.0.0.1:${behind ?? port}`, trusted_proxies: proxy ? ['127.0.0.1'] : [], public_url: url, public_host: '127.0.0.1', data_dir: join(directory, 'data') },
        docker: { host: gate.host },
        oidc: {
          issuer: provider.issuer,
          client_id: client.id,
          client_secret: client.secret,
          scopes: ['openid', 'profile', 'email', 'groups'],
          groups_claim: 'groups',
          admin_group: 'berth-admins',
        },
        ...settings,
      }),
    );
    mkdirSync(results, { recursive: true });
    const log = join(results, `${name}.log`);
    const output = createWriteStream(log);
    const child = spawn(binary, ['serve', '--config', config], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    const berth = new Berth(url, gate, directory, config, child, log, provider.stop, proxy);
    await berth.ready();
    await run(config, 'apply', 'end2end/catalogue.toml');
    return berth;
  }

  /** Runs another command of the same installation, such as `token create`, and returns what it prints. */
  run(...command: string[]): Promise<string> {
    return run(this.config, ...command);
  }

  /** Ends it as an operator would. An unclean end, a panic on the way, or a container left on the engine is an error. */
  async stop(): Promise<void> {
    const left = await this.clean().finally(() => this.end());
    if (this.process.exitCode !== 0) throw new Error(`the server ended with ${this.ending()}; ${this.log} says more`);
    if (readFileSync(this.log, 'utf8').includes('panicked')) throw new Error(`the server panicked; ${this.log} says where`);
    // A journey that failed half-way leaves something too; otherwise Berth did.
    if (left.length > 0) throw new Error(`containers left on the engine: ${left.join(', ')}`);
  }

  /** Removes its containers that are there after it had its time to put them down, and names them. Nobody else's is touched. */
  private async clean(): Promise<string[]> {
    const installation = /"installation":"(\w+)"/.exec(readFileSync(this.log, 'utf8'))?.[1];
    if (!installation) throw new Error(`the server did not say which installation it is; ${this.log} says what it did`);
    let left = await containersOf(installation);
    for (let tries = 0; tries < 100 && left.length > 0; tries += 1) {
      await new Promise((again) => setTimeout(again, 50));
      left = await containersOf(installation);
    }
    await Promise.all(left.map((container) => removeContainer(container.Id)));
    return left.map((container) => container.Names.join());
  }

  private async end(): Promise<void> {
    const running = this.process.exitCode === null && this.process.signalCode === null;
    if (running) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      const late = setTimeout(() => this.process.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(late);
    }
    await this.proxy?.stop();
    await this.stopProvider();
    await this.gate.cut();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Counted in tries, not in time: a machine that was suspended meanwhile has not made the server late. */
  private async ready(): Promise<void> {
    let last = 'it was not asked';
    for (let tries = 0; tries < 600 && this.process.exitCode === null; tries += 1) {
      const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch((error) => error as Error);
      if (answer instanceof Response && answer.ok) return;
      last = answer instanceof Response ? `${answer.status} ${await answer.text()}` : `${answer.message} (${answer.cause})`;
      await new Promise((again) => setTimeout(again, 50));
    }
    throw new Error(`the server is not ready (${this.ending()}, its last answer: ${last}):\n${readFileSync(this.log, 'utf8')}`);
  }

  private ending(): string {
    return this.process.signalCode ?? (this.process.exitCode === null ? 'still running' : `status ${this.process.exitCode}`);
  }
}

async function run(config: string, ...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, [...command, '--config', config], { env: environment() });
  return stdout;
}

/** Without settings of whoever runs the tests: the file alone decides. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('BERTH_') && name !== 'DOCKER_HOST');
  return Object.fromEntries(kept);
}

/** Enough TOML for a configuration: tables of text, numbers, booleans and lists, which are written as in JSON. */
function toml(tables: Settings): string {
  return Object.entries(tables)
    .map(([table, values]) => [`[${table}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join('\n'))
    .join('\n');
}

/** Below the ports that a kernel gives to whoever asks for any, so that nobody has it by the time Berth takes it. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const probe = createServer();
    const free = await new Promise<boolean>((answer) => probe.once('error', () => answer(false)).listen(port, '127.0.0.1', () => answer(true)));
    if (!free) continue;
    await new Promise((closed) => probe.close(closed));
    return port;
  }
}
