// Measures Berth against the bare engine, and prints the figures beside their goals as Markdown; none of them is asserted.
//   DOCKER_HOST=unix:///var/run/docker.sock node scripts/bench.mjs
// BENCH_ROUNDS (30) and BENCH_BATCHES (5) make it shorter or longer; BENCH_ONLY=launches leaves the rest out; BERTH_BINARY names another build.
// To be read from `measure` on: what is around it is how to compute and to print; how to ask and to serve is in lib.mjs.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { cpus, release, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { Berth, ask, engineAddress, giveUpInOrder, interrupted, labelled, send, until } from './lib.mjs';

const rounds = Number(process.env.BENCH_ROUNDS ?? 30);
const batches = Number(process.env.BENCH_BATCHES ?? 5);
const onlyLaunches = process.env.BENCH_ONLY === 'launches';
const together = 20;
/** Who reads at once, and what they read. */
const readers = 50;
const [few, many] = [10, 1000];
const starts = 10;
const catalogue = resolve('scripts/bench.toml');
const team = 'bench';

/** An HTTP server that is asked in JSON, over connections that are kept. */
class Peer {
  #agent = new Agent({ keepAlive: true });

  constructor(address, headers = {}) {
    this.where = { ...address, agent: this.#agent };
    this.headers = headers;
  }

  call(method, path, body) {
    return ask(this.where, method, path, body, this.headers);
  }

  close() {
    this.#agent.destroy();
  }
}

/** The release, whose start and memory are measured. */
class Server extends Berth {
  /** Milliseconds from its start to its first answer. */
  async start() {
    const began = performance.now();
    this.spawn();
    await until('Berth answers', () => this.answers(), { every: 1 });
    return performance.now() - began;
  }

  /** Resident bytes; undefined where there is no /proc. */
  resident() {
    try {
      return Number(readFileSync(`/proc/${this.child.pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB$/m)[1]) * 1024;
    } catch (error) {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

const engine = new Peer(engineAddress());
const server = await Server.prepare('bench');
let installation;
// What is under way comes to its end, and then everything is taken away.
giveUpInOrder();

try {
  const figures = await measure();
  tell('');
  console.log(figures);
} catch (error) {
  process.exitCode = interrupted() ? 130 : 1;
  tell('');
  console.error(interrupted() ? 'Interrupted.' : `${error.stack}\n\nThe end of Berth's log:\n${server.lastWords()}`);
} finally {
  await finish();
}

async function measure() {
  tell('Start');
  await server.start();
  await server.run('apply', catalogue);
  // The operator belongs to no team: only as an admin do they launch for one.
  const token = await server.run('token', 'create', '--user', 'operator@localhost', '--name', 'bench', '--scope', 'admin');
  const startTimes = [];
  for (let count = 0; count < starts; count += 1) {
    await server.stop();
    startTimes.push(await server.start());
  }
  const berth = new Peer(server.address, { authorization: `Bearer ${token}` });
  await until('Berth reaches the engine', async () => (await berth.call('GET', '/api/v1/host')).link.state === 'live');
  await pause(2000);
  const idle = server.resident();

  const viaBerth = (template) => ({
    async launch() {
      const environment = await berth.call('POST', '/api/v1/environments', { team, template });
      if (environment.state !== 'running') throw new Error(`A launch ended as ${environment.state}: ${environment.reason}`);
      return environment.id;
    },
    remove: (id) => berth.call('DELETE', `/api/v1/environments/${id}`),
  });
  // It stays: a team's network goes with its last environment.
  const first = await viaBerth('started').launch();
  const spec = await specOf(first);
  const pages = onlyLaunches ? {} : await measurePages();

  const ways = { raw: viaEngine(spec), berth: viaBerth('started'), docker: viaDocker(spec), probed: viaBerth('probed') };
  const single = await oneByOne(ways);
  const network = (await berth.call('GET', '/api/v1/host')).isolation === 'default_bridge' ? "the engine's default bridge" : 'a network of the team';
  if (onlyLaunches) {
    await berth.call('DELETE', `/api/v1/environments/${first}`);
    berth.close();
    return launchTable(single, network);
  }
  const parallel = await allAtOnce({ raw: ways.raw, berth: ways.berth });
  await pause(2000);
  const after = server.resident();
  await berth.call('DELETE', `/api/v1/environments/${first}`);
  berth.close();
  const reads = await measureReads(token);
  return report({ startTimes, idle, after, pages, single, parallel, reads, network, machine: await machine() });
}

/** Requests a second of health, list as JSON and list as a page, in turns; with many environments, the page's time and size. No engine
 *  is asked meanwhile: the environments are rows like one that was launched. */
async function measureReads(token) {
  server.environment.DOCKER_HOST = 'unix:///nowhere.sock';
  await fill(few);
  const cookie = await signedIn();
  const asked = {
    health: ['/healthz'],
    json: ['/api/v1/environments', `Authorization: Bearer ${token}`],
    page: ['/environments', `Cookie: ${cookie}`, 'Accept: text/html'],
  };
  const rates = Object.fromEntries(Object.keys(asked).map((name) => [name, []]));
  for (let round = 0; round < 3; round += 1) {
    tell(`${readers} readers, round ${round + 1} of 3`);
    for (const name of turned(Object.keys(asked), round)) rates[name].push(await rate(...asked[name]));
  }
  await fill(many);
  const again = await signedIn();
  const times = [];
  let size;
  for (let count = 0; count < 30; count += 1) {
    const began = performance.now();
    const { body } = await fetchWire('/environments', again);
    times.push(performance.now() - began);
    size = body.length;
  }
  return { rates, times, size };
}

/** Starts the server anew with so many environments. */
async function fill(count) {
  await server.stop();
  const columns = 'team, owner_id, template, version, size, host, cpus, memory, pids, variables, created_at, expires_at';
  const sql = `
    UPDATE environments SET state = 'removed' WHERE state <> 'removed';
    UPDATE parts SET state = 'removed' WHERE state <> 'removed';
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
    INSERT INTO environments (id, name, state, activity, revision, ${columns})
    SELECT printf('01900000-0000-7000-8000-%06d%06d', ${count}, n), printf('many-%d', n), 'running', 1, 1, ${columns}
    FROM numbers, (SELECT * FROM environments ORDER BY id DESC LIMIT 1);
    INSERT INTO parts (environment_id, name, attempt, state, ports, started_at)
    SELECT id, 'main', 1, 'running', ports, started_at
    FROM (SELECT id FROM environments WHERE state = 'running'), (SELECT ports, started_at FROM parts ORDER BY environment_id DESC LIMIT 1);`;
  await promisify(execFile)('sqlite3', [resolve(server.directory, 'data/berth.db'), sql]);
  await server.start();
}

async function signedIn() {
  const entered = await fetchWire(server.signInPath());
  return entered.headers['set-cookie'].map((line) => line.split(';')[0]).join('; ');
}

/** Answers a second. */
async function rate(path, ...headers) {
  const url = `http://${server.address.host}:${server.address.port}${path}`;
  const { stdout } = await promisify(execFile)('wrk', ['-t1', `-c${readers}`, '-d4s', ...headers.flatMap((header) => ['-H', header]), url]);
  if (stdout.includes('Non-2xx')) throw new Error(`${path} is refused:\n${stdout}`);
  return Number(stdout.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}

/** The container that Berth makes, as a request to the engine: the same in everything but the names of its labels. */
async function specOf(environment) {
  const [{ Id }] = await engine.call('GET', labelled('/containers/json', `berth.environment=${environment}`));
  const made = await engine.call('GET', `/containers/${Id}/json`);
  installation = made.Config.Labels['berth.installation'];
  // `berth.source` is the image's own.
  const labels = Object.entries(made.Config.Labels).map(([name, value]) => [name.replace(/^berth\.(?!source$)/, 'bench.'), value]);
  const { Hostname, Image, Cmd, Env, ExposedPorts } = made.Config;
  const spec = { Hostname, Image, Cmd, Env, ExposedPorts, Labels: Object.fromEntries(labels), HostConfig: made.HostConfig };

  const copy = await viaEngine(spec).launch();
  const copied = await engine.call('GET', `/containers/${copy}/json`);
  await viaEngine(spec).remove(copy);
  const same = isDeepStrictEqual(copied.HostConfig, made.HostConfig) && isDeepStrictEqual(copied.Config, { ...made.Config, Labels: spec.Labels });
  if (!same) throw new Error('The engine made another container of the same specification: nothing can be compared.');
  return spec;
}

/** The least that the Engine API needs for a launch. */
function viaEngine(spec) {
  return {
    async launch() {
      const { Id } = await engine.call('POST', `/containers/create?name=${newName()}`, spec);
      await engine.call('POST', `/containers/${Id}/start`);
      const { NetworkSettings } = await engine.call('GET', `/containers/${Id}/json`);
      if (!NetworkSettings.Ports['80/tcp']?.[0]?.HostPort) throw new Error('The engine started a container without its ports.');
      return Id;
    },
    remove: (id) => engine.call('DELETE', `/containers/${id}?force=true&v=true`),
  };
}

/** What one types, with the same limits. `-P` publishes on all addresses, as it always does. */
function viaDocker({ Hostname, Image, Env, Labels, HostConfig }) {
  const docker = async (...words) => (await promisify(execFile)('docker', words)).stdout.trim();
  const each = (flag, values) => (values ?? []).flatMap((value) => [flag, value]);
  const pairs = (object) => Object.entries(object ?? {}).map(([name, value]) => `${name}=${value}`);
  const flags = [
    ...['--hostname', Hostname, '--network', HostConfig.NetworkMode, '--init', '--ipc', HostConfig.IpcMode, '--cgroupns', HostConfig.CgroupnsMode],
    ...['--memory', HostConfig.Memory, '--memory-swap', HostConfig.MemorySwap, '--cpus', HostConfig.NanoCpus / 1e9, '--pids-limit', HostConfig.PidsLimit],
    ...['--log-driver', HostConfig.LogConfig.Type, ...each('--log-opt', pairs(HostConfig.LogConfig.Config))],
    ...[...each('--cap-drop', HostConfig.CapDrop), ...each('--cap-add', HostConfig.CapAdd), ...each('--security-opt', HostConfig.SecurityOpt)],
    ...[...each('--env', Env), ...each('--label', pairs(Labels))],
  ];
  return {
    async launch() {
      const id = await docker('run', '-d', '-P', '--name', newName(), ...flags.map(String), Image);
      await docker('port', id);
      return id;
    },
    remove: viaEngine().remove,
  };
}

/** Milliseconds of single launches by each way. Every round goes through all of them, each time beginning with another. */
async function oneByOne(ways) {
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    tell(round < 0 ? 'Launches, to warm up' : `Launches ${round + 1} of ${rounds}`);
    for (const name of turned(Object.keys(ways), round)) {
      if (interrupted()) throw new Error('interrupted');
      const began = performance.now();
      const id = await ways[name].launch();
      const took = performance.now() - began;
      await ways[name].remove(id);
      if (round >= 0) times[name].push(took);
    }
  }
  return times;
}

/** Milliseconds until the last of many launches at once is there, by each way. */
async function allAtOnce(ways) {
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let batch = 0; batch < batches; batch += 1) {
    tell(`${together} at once, ${batch + 1} of ${batches}`);
    for (const name of turned(Object.keys(ways), batch)) {
      if (interrupted()) throw new Error('interrupted');
      const began = performance.now();
      const launched = await Promise.allSettled(Array.from({ length: together }, () => ways[name].launch()));
      times[name].push(performance.now() - began);
      const failed = launched.find(({ status }) => status === 'rejected');
      if (failed) throw failed.reason;
      const ids = launched.map(({ value }) => value);
      await Promise.all(ids.map((id) => ways[name].remove(id)));
    }
  }
  return times;
}

/** Forwards and backwards by turns, from another beginning each time: what comes before differs, drift hits all alike. */
function turned(names, round) {
  const from = Math.abs(round) % names.length;
  const turned = [...names.slice(from), ...names.slice(0, from)];
  return Math.floor(round / names.length) % 2 === 0 ? turned : turned.reverse();
}

/** Bytes over the wire, by kind, of the first visit to the sign-in page, and of the list with one environment. */
async function measurePages() {
  const signIn = await wholePage('/sign-in');
  const entered = await fetchWire(server.signInPath());
  const cookie = entered.headers['set-cookie']?.map((line) => line.split(';')[0]).join('; ');
  if (!cookie) throw new Error(`The operator's link answered ${entered.status}, without a cookie.`);
  return { '/sign-in': signIn, '/environments, signed in': await wholePage('/environments', cookie) };
}

async function wholePage(path, cookie) {
  const bytes = { HTML: 0, JS: 0, WASM: 0, CSS: 0, other: 0 };
  const asked = new Set();
  const left = [path];
  while (left.length > 0) {
    const next = left.pop();
    if (asked.has(next)) continue;
    asked.add(next);
    const got = await fetchWire(next, cookie);
    if (got.status !== 200 && next === path) throw new Error(`${next} answered ${got.status}`);
    if (got.status !== 200) console.error(`· ${path} names ${next}, which answers ${got.status}`);
    const kind = kindOf(got.headers['content-type']);
    bytes[kind] += got.bytes;
    const here = new URL(next, 'http://berth');
    for (const reference of references(kind, got.body)) {
      const { origin, pathname } = new URL(reference, here);
      if (origin === here.origin) left.push(pathname);
    }
  }
  return bytes;
}

/** One answer on a connection of its own: all bytes of it, headers too, as they came. */
async function fetchWire(path, cookie) {
  const headers = { accept: '*/*', 'accept-encoding': 'br', ...(cookie && { cookie }) };
  const [response] = await once(send(server.address, 'GET', path, headers), 'response');
  const { socket } = response;
  const raw = Buffer.concat(await response.toArray());
  const body = response.headers['content-encoding'] === 'br' ? brotliDecompressSync(raw) : raw;
  return { status: response.statusCode, headers: response.headers, bytes: socket.bytesRead, body };
}

function kindOf(type = '') {
  if (type.startsWith('text/html')) return 'HTML';
  if (type.includes('javascript')) return 'JS';
  if (type.startsWith('application/wasm')) return 'WASM';
  return type.startsWith('text/css') ? 'CSS' : 'other';
}

/** What a browser fetches because of it. The JavaScript fetches only the WASM, which the page names too. */
function references(kind, body) {
  const all = (pattern) => [...body.toString().matchAll(pattern)].map((match) => match[1].replaceAll('&amp;', '&'));
  if (kind === 'CSS') return all(/url\(\s*["']?((?!data:)[^"')]+)/g);
  if (kind !== 'HTML') return [];
  const links = all(/<link\s([^>]*)>/g).filter((link) => /rel="?(stylesheet|modulepreload|preload|icon|manifest)/.test(link));
  return [
    ...links.flatMap((link) => link.match(/href="?([^"\s>]+)/)?.[1] ?? []),
    ...all(/<(?:script|img)\s[^>]*?src="([^"]+)"/g),
    ...all(/<use\s[^>]*?href="([^"#]+)/g),
  ];
}

async function machine() {
  const [version, info] = [await engine.call('GET', '/version'), await engine.call('GET', '/info')];
  return {
    Berth: await server.run('--version'),
    CPU: `${cpus()[0].model.trim()}, ${cpus().length} cores`,
    Memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    Kernel: release(),
    Engine: `Docker Engine ${version.Version} (API ${version.ApiVersion}), ${info.Driver}, cgroup v${info.CgroupVersion}`,
  };
}

function launchTable(single, network) {
  const launches = (way, goal) => [milliseconds(single[way]), way === 'raw' ? '' : ratio(single[way], single.raw), goal ?? ''];
  return table([`Launch, on ${network}`, `Median of ${rounds} (quartiles)`, '× raw (95 %)', 'Goal'], [
    ['Engine API: create, start, inspect (raw)', ...launches('raw')],
    ['Berth', ...launches('berth', '≤ 1.02 × raw')],
    ['Berth, until the port answers HTTP', ...launches('probed')],
    ['`docker run -d -P`, `docker port`', ...launches('docker')],
  ]);
}

function report({ startTimes, idle, after, pages, single, parallel, reads, network, machine }) {
  const batch = (way, goal) => [milliseconds(parallel[way]), way === 'raw' ? '' : ratio(parallel[way], parallel.raw), goal ?? ''];
  const count = 1 + 2 * (rounds + 1) + together * batches;
  const memory = (bytes) => (bytes === undefined ? 'unknown here' : `${(bytes / 2 ** 20).toFixed(1)} MiB`);
  const kinds = ['HTML', 'JS', 'WASM', 'CSS', 'other'];
  const all = (bytes) => kinds.reduce((sum, kind) => sum + bytes[kind], 0);
  const page = ([path, bytes]) => [path, ...kinds.map((kind) => kilobytes(bytes[kind])), kilobytes(all(bytes)), '≤ 250 KB'];
  return [
    table(['Machine', ''], Object.entries(machine)),
    launchTable(single, network),
    table([`${together} at once`, `Median of ${batches} (quartiles)`, '× raw (95 %)', 'Goal'], [
      ['Engine API (raw)', ...batch('raw')],
      ['Berth', ...batch('berth', '≤ 1.05 × raw')],
    ]),
    table(['Server', '', 'Goal'], [
      ['From start to its first answer', `${milliseconds(startTimes)}, median of ${starts}`, '≤ 120 ms'],
      ['Resident memory, idle', memory(idle), '≤ 40 MiB'],
      [`Resident memory, after ${count} launches`, memory(after), '≤ 40 MiB'],
    ]),
    table([`${readers} readers, ${few} environments`, 'Answers a second', '× /healthz', 'Goal'], [
      ['/healthz', Math.round(quantile(reads.rates.health, 0.5)), '', ''],
      ['GET /api/v1/environments', ...share(reads.rates, 'json'), '≥ 0.17'],
      ['Page of environments', ...share(reads.rates, 'page'), '≥ 0.05'],
    ]),
    table([`Page of ${many} environments`, '', 'Goal'], [
      ['Time', `${milliseconds(reads.times)}, median of ${reads.times.length}`, '≤ 30 ms'],
      ['Size before compression', kilobytes(reads.size), '≤ 400 KB'],
    ]),
    table(['First page, brotli', ...kinds, 'All', 'Goal'], Object.entries(pages).map(page)),
  ].join('\n\n');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Answers a second, and how many of them are one of health. */
function share(rates, name) {
  const [rate, health] = [rates[name], rates.health].map((all) => quantile(all, 0.5));
  return [Math.round(rate), (rate / health).toFixed(3)];
}

function milliseconds(times) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => Math.round(quantile(times, part)));
  return `${middle} ms (${low}–${high})`;
}

/** The ratio of the medians, and how far it is certain: rounds drawn anew, both ways of a round together. */
function ratio(times, base) {
  const drawn = Array.from({ length: 4000 }, () => {
    const picked = times.map(() => Math.floor(Math.random() * times.length));
    return median(picked.map((at) => times[at])) / median(picked.map((at) => base[at]));
  });
  return `${(median(times) / median(base)).toFixed(3)} (${quantile(drawn, 0.025).toFixed(2)}–${quantile(drawn, 0.975).toFixed(2)})`;
}

function median(values) {
  return quantile(values, 0.5);
}

function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} KB`;
}

/** Ends what was started here: the server, every container of the run, the data directory. */
async function finish() {
  await server.stop();
  const mine = installation ? [`berth.installation=${installation}`, `bench.installation=${installation}`] : [];
  for (const label of mine) {
    for (const { Id } of await engine.call('GET', labelled('/containers/json?all=true', label))) {
      await engine.call('DELETE', `/containers/${Id}?force=true&v=true`);
    }
  }
  engine.close();
  server.remove();
}

/** How far it is: in place on a terminal, a line each elsewhere. */
function tell(what) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what && `· ${what} …`}`);
  else if (what) process.stderr.write(`· ${what}\n`);
}

function newName() {
  return `bench-web-${randomBytes(8).toString('hex')}`;
}
