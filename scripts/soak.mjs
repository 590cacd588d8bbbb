// Kills the server (kill -9) on a real engine: at every call of every operation, as the engine is about to do it and when it
// has done it, and at random points under load. After each restart nothing may be leaked, lost or counted twice.
//   DOCKER_HOST=unix:///var/run/docker.sock node scripts/soak.mjs
// SOAK_KILLS (300) random kills; SOAK_SEED chooses when; BERTH_BINARY names another build.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const kills = Number(process.env.SOAK_KILLS ?? 300);
const seed = Number(process.env.SOAK_SEED ?? 1);
const binary = resolve(process.env.BERTH_BINARY ?? 'target/release/berth');
const catalogue = resolve('scripts/soak.toml');
const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
const team = 'soak';
const workers = 4;

/** Random numbers that a seed decides (mulberry32). */
function chance(from) {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function ask(where, method, path, body, headers = {}) {
  const text = body && JSON.stringify(body);
  const more = text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const sent = request({ ...where, method, path, agent: false, headers: { host: 'localhost', ...headers, ...more }, signal: AbortSignal.timeout(120_000) });
  sent.end(text);
  const [response] = await once(sent, 'response');
  const answer = Buffer.concat(await response.toArray()).toString();
  const json = /^[[{]/.test(answer) ? JSON.parse(answer) : answer;
  if (response.statusCode >= 300) throw Object.assign(new Error(`${method} ${path}: ${response.statusCode} ${answer}`), { status: response.statusCode });
  return json;
}

/** Between the server and the engine: passes everything on, and tells of each call before it is done and after. */
class Between {
  watcher = undefined;

  async open(path) {
    this.server = createServer((asked, answer) => this.#pass(asked, answer).catch(() => answer.destroy()));
    this.server.listen(path);
    await once(this.server, 'listening');
  }

  async #pass(asked, answer) {
    const body = Buffer.concat(await asked.toArray());
    const call = `${asked.method} ${asked.url.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '').replace(/[0-9a-f]{64}/, 'ID')}`;
    await this.watcher?.(call, 'asked');
    const sent = request({ socketPath: socket, method: asked.method, path: asked.url, headers: asked.headers, agent: false });
    sent.end(body);
    const [response] = await once(sent, 'response');
    await this.watcher?.(call, 'done');
    answer.on('close', () => sent.destroy());
    answer.writeHead(response.statusCode, response.headers);
    answer.flushHeaders();
    response.on('error', () => answer.destroy());
    response.pipe(answer);
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

class Server {
  static async prepare() {
    const server = new Server();
    server.directory = mkdtempSync(join(tmpdir(), 'berth-soak-'));
    server.log = join(server.directory, 'log');
    server.port = await freePort();
    server.between = new Between();
    const way = join(server.directory, 'engine.sock');
    await server.between.open(way);
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('BERTH_') && !name.startsWith('DOCKER_'));
    server.environment = {
      ...Object.fromEntries(others),
      BERTH_SERVER__ADDR: `127.0.0.1:${server.port}`,
      BERTH_SERVER__DATA_DIR: join(server.directory, 'data'),
      BERTH_DOCKER__HOST: `unix://${way}`,
      BERTH_DEFAULTS__HOST_CPU_RATIO: '100',
      BERTH_DEFAULTS__HOST_MEMORY_RATIO: '100',
    };
    return server;
  }

  async run(...command) {
    const { stdout } = await promisify(execFile)(binary, command, { cwd: this.directory, env: this.environment });
    return stdout.trim();
  }

  async start() {
    const log = openSync(this.log, 'a');
    this.child = spawn(binary, ['serve'], { cwd: this.directory, env: this.environment, stdio: ['ignore', log, log] });
    closeSync(log);
    this.exit = once(this.child, 'exit');
    await until('the engine is live', async () => {
      if (this.child.exitCode !== null) throw new Error(`Berth ended:\n${this.lastWords()}`);
      try {
        return (await this.call('GET', '/api/v1/host')).link.state === 'live';
      } catch (error) {
        if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') return false;
        throw error;
      }
    });
  }

  call(method, path, body) {
    return ask({ host: '127.0.0.1', port: this.port }, method, `${path}`, body, { authorization: `Bearer ${this.token}` });
  }

  /** Begins something and does not wait for its end. */
  begin(method, path, body) {
    return ask({ host: '127.0.0.1', port: this.port }, method, path, body, { authorization: `Bearer ${this.token}`, prefer: 'respond-async' });
  }

  async kill() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await this.exit;
  }

  async environments() {
    return (await this.call('GET', '/api/v1/environments?limit=500')).items;
  }

  async rest() {
    let all;
    await until('nothing is on its way', async () => {
      all = await this.environments();
      return all.every(({ state }) => ['running', 'stopped', 'failed'].includes(state));
    });
    return all;
  }

  lastWords() {
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
  }
}

async function freePort() {
  const probe = createTcpServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

async function until(what, holds) {
  const late = Date.now() + 90_000;
  for (;;) {
    if (await holds()) return;
    if (Date.now() > late) throw new Error(`It takes too long until ${what}.`);
    await pause(25);
  }
}

const engine = (method, path, body) => ask({ socketPath: socket }, method, path, body);
const filtered = (path, label) => `${path}${path.includes('?') ? '&' : '?'}filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`;

/** What is wrong now, where nothing is on its way; nothing, where all is well. */
async function wrong(server) {
  const label = `berth.installation=${server.installation}`;
  const [environments, containers, teams, networks, volumes] = await Promise.all([
    server.environments(),
    engine('GET', filtered('/containers/json?all=true', label)),
    server.call('GET', '/api/v1/teams'),
    engine('GET', filtered('/networks', label)),
    engine('GET', filtered('/volumes', label)),
  ]);
  const problems = [];
  const of = (id) => containers.filter((container) => container.Labels['berth.environment'] === id);
  for (const { id, state, reason } of environments) {
    const states = of(id).map((container) => container.State);
    const fits = state === 'running' ? states.join() === 'running' : states.length <= 1 && !states.includes('running');
    if (!fits) problems.push(`${id} is ${state} (${reason}), and its containers are ${states.join(', ') || 'none'}`);
  }
  const known = new Set(environments.map(({ id }) => id));
  const leaked = containers.filter((container) => !known.has(container.Labels['berth.environment']));
  problems.push(...leaked.map((container) => `container ${container.Names[0]} (${container.State}) is of nothing that exists`));
  const running = environments.filter(({ state }) => state === 'running');
  const { used } = teams.items.find(({ name }) => name === team).room.team;
  const sum = (amount) => running.reduce((all, { limits }) => all + limits[amount], 0);
  const expected = { environments: environments.length, running: running.length, memory: sum('memory_bytes') };
  const told = { environments: used.environments, running: used.running, memory: used.memory_bytes ?? used.memory };
  if (JSON.stringify(expected) !== JSON.stringify(told)) problems.push(`the quota's sums are ${JSON.stringify(told)}, and the engine's truth is ${JSON.stringify(expected)}`);
  if (networks.length) problems.push(`${networks.length} networks are left`);
  if (volumes.Volumes?.length) problems.push(`${volumes.Volumes.length} volumes are left`);
  return problems;
}

/** After a kill: starts again, lets everything come to rest, and looks. A leftover may need one more look of the server's. */
async function recovered(server, when) {
  await server.start();
  await server.rest();
  let problems = [];
  const late = Date.now() + 75_000;
  do {
    problems = await wrong(server);
    if (problems.length) await pause(500);
  } while (problems.length && Date.now() < late);
  if (problems.length) throw new Error(`After a kill ${when}:\n  ${problems.join('\n  ')}`);
}

/** Every operation, killed at every call that it makes of the engine. Gives the number of kills. */
async function atEveryCall(server) {
  const launched = async () => (await server.call('POST', '/api/v1/environments', { team, template: 'web' })).id;
  const operations = {
    launch: { begin: () => server.begin('POST', '/api/v1/environments', { team, template: 'web' }) },
    start: {
      prepare: async () => {
        const id = await launched();
        await server.call('POST', `/api/v1/environments/${id}/stop`);
        return id;
      },
      begin: (id) => server.begin('POST', `/api/v1/environments/${id}/start`),
    },
    stop: { prepare: launched, begin: (id) => server.begin('POST', `/api/v1/environments/${id}/stop`) },
    restart: { prepare: launched, begin: (id) => server.begin('POST', `/api/v1/environments/${id}/restart`) },
    extend: { prepare: launched, begin: (id) => server.begin('POST', `/api/v1/environments/${id}/extend`) },
    remove: { prepare: launched, begin: (id) => server.begin('DELETE', `/api/v1/environments/${id}`) },
  };
  let count = 0;
  for (const [name, { prepare, begin }] of Object.entries(operations)) {
    for (const moment of ['asked', 'done']) {
      for (let at = 0; ; at += 1) {
        const id = await prepare?.();
        const reached = await killedAt(server, at, moment, () => begin(id));
        if (!reached && name !== 'extend') await server.rest();
        if (reached) {
          count += 1;
          await recovered(server, `in a ${name}, when ${reached} was ${moment}`);
        }
        await clear(server);
        if (!reached) break;
      }
    }
  }
  return count;
}

/** Begins something, and kills the server at its call of that place. `undefined` where it makes fewer. */
async function killedAt(server, at, moment, begin) {
  let seen = 0;
  let killed;
  let finish;
  const reached = new Promise((resolve) => (finish = resolve));
  server.between.watcher = async (call, now) => {
    if (now !== moment || /^GET \/(events|version|info)/.test(call) || killed) return;
    if (seen++ === at) {
      killed = call;
      await server.kill();
      finish(call);
    }
  };
  // Whoever asked is cut off too.
  const begun = begin().catch(() => undefined);
  const ended = begun.then(async () => {
    while (!killed && server.child.signalCode === null) {
      const all = await server.environments().catch(() => undefined);
      if (all?.every(({ state }) => ['running', 'stopped', 'failed'].includes(state))) return undefined;
      await pause(20);
    }
    return killed;
  });
  const outcome = await Promise.race([reached, ended]);
  if (killed) await reached;
  server.between.watcher = undefined;
  return killed ?? outcome;
}

/** Random operations of a few people at once, and a kill after a random time. */
async function underLoad(server, random) {
  let over = false;
  const any = (all) => all[Math.floor(random() * all.length)];
  const work = async () => {
    while (!over) {
      try {
        const all = await server.environments();
        const what = any(['launch', 'launch', 'start', 'stop', 'restart', 'extend', 'remove', 'remove']);
        if (what === 'launch') {
          await server.begin('POST', '/api/v1/environments', { team, template: any(['web', 'probed']) });
        } else if (all.length) {
          const { id } = any(all);
          await (what === 'remove' ? server.begin('DELETE', `/api/v1/environments/${id}`) : server.begin('POST', `/api/v1/environments/${id}/${what}`));
        }
      } catch {
        // Refused, or the server is killed: both are part of it.
      }
      await pause(random() * 40);
    }
  };
  const crowd = Array.from({ length: workers }, work);
  await pause(random() * 1200);
  await server.kill();
  over = true;
  await Promise.all(crowd);
}

async function clear(server) {
  await Promise.all((await server.rest()).map(({ id }) => server.call('DELETE', `/api/v1/environments/${id}`)));
}

const server = await Server.prepare();
try {
  await server.run('apply', catalogue);
  server.token = await server.run('token', 'create', '--user', 'operator@localhost', '--name', 'soak', '--scope', 'admin');
  await server.start();
  const { id } = await server.call('POST', '/api/v1/environments', { team, template: 'web' });
  const [made] = await engine('GET', filtered('/containers/json?all=true', `berth.environment=${id}`));
  server.installation = made.Labels['berth.installation'];
  await clear(server);
  console.log(`· killed at ${await atEveryCall(server)} calls of the engine: nothing leaked, lost or counted twice`);
  const random = chance(seed);
  for (let count = 1; count <= kills; count += 1) {
    await underLoad(server, random);
    await recovered(server, `under load, the ${count}th of seed ${seed}`);
    if (count % 25 === 0) console.log(`· killed at ${count} random points under load: the same`);
  }
  await clear(server);
  const left = await engine('GET', filtered('/containers/json?all=true', `berth.installation=${server.installation}`));
  if (left.length) throw new Error(`${left.length} containers are left after everything was removed.`);
  console.log(`· ${kills} random kills (seed ${seed}), then everything removed: no container, network, volume or reservation is left`);
} catch (error) {
  process.exitCode = 1;
  console.error(`${error.stack}\n\nThe end of Berth's log:\n${server.lastWords()}`);
} finally {
  await server.kill();
  server.between.close();
  if (server.installation) {
    const left = await engine('GET', filtered('/containers/json?all=true', `berth.installation=${server.installation}`));
    await Promise.all(left.map(({ Id }) => engine('DELETE', `/containers/${Id}?force=true&v=true`)));
  }
  rmSync(server.directory, { recursive: true, force: true });
}
