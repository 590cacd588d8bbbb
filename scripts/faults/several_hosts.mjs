// Two hosts: one beside the server, and one at the other end of a cable, reached over TLS. Under load the far one is killed, cut off,
// refuses the server's certificate, and is exchanged for another machine: only what is on it is affected.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, labelled, send, until } from '../lib.mjs';
import { Crowd } from './crowd.mjs';
import { OwnEngine } from './own_engine.mjs';
import { Server, aside, crowded, pool } from './server.mjs';
import { emptied, settled } from './truth.mjs';

const cable = { here: '10.214.0.1', there: '10.214.0.2' };
/** How many the team may run at once, by the soak's catalogue. */
const quota = 5;
/** By then Berth has noticed that a silent link is dead, in milliseconds. */
const noticed = 35_000;

/** What happens to the far host, and what ends it. What runs there goes on (`keeps`), or is lost (`loses`), or starts again. */
const faults = {
  'its engine was killed': { strike: ({ engine }) => engine.kill(), mend: ({ engine }) => engine.restart({ keeping: false }) },
  'its cable was cut': { strike: ({ engine }) => engine.cut(), mend: ({ engine }) => engine.mend(), keeps: true },
  'it refused the certificate': { strike: refuseCertificate, mend: ({ certificates }) => certify(certificates), keeps: true },
  'its machine was exchanged': { strike: ({ engine }) => engine.exchange(), mend: accept, loses: true },
};

export async function severalHosts({ rounds, random, tell }) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-certificates-'));
  const certificates = join(folder, 'own');
  const foreign = join(folder, 'foreign');
  const engines = {};
  let server;
  let failure;
  try {
    for (const each of [certificates, foreign]) certify(each);
    engines.near = await OwnEngine.start();
    engines.far = await OwnEngine.start({ ...cable, certificates });
    for (const engine of Object.values(engines)) await images(engine);
    server = await Server.overHosts({ near: engines.near.address, far: engines.far.address }, settings(engines.near, certificates));
    const all = { server, engine: engines.far, crowd: new Crowd(server, random), random, certificates, foreign };
    for (let round = 1; round <= rounds; round += 1) {
      await usedUp(server);
      all.watched = await watched(server);
      all.crowd.spared = new Set(Object.values(all.watched));
      for (const [what, fault] of Object.entries(faults)) tell(`${what}: noticed after ${await happens(all, what, fault)} s`);
      await emptied(server);
      all.crowd.kept.clear();
    }
    return `one of two, reached over TLS, was killed, cut off, given a wrong certificate and exchanged, under load (${rounds} times)`;
  } catch (error) {
    throw (failure = error);
  } finally {
    try {
      await server?.end(failure);
    } finally {
      for (const engine of Object.values(engines)) await engine.end();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function certify(folder) {
  execFileSync('scripts/certificates', [folder, cable.there], { stdio: 'pipe' });
}

function images(engine) {
  return engine.serve('scripts/images', 'examples/images/web');
}

function settings(near, certificates) {
  return {
    BERTH_HOSTS__NEAR__ADDRESS: `unix://${near.address.socketPath}`,
    BERTH_HOSTS__NEAR__ADDRESS_POOL: pool,
    BERTH_HOSTS__FAR__ADDRESS: `tcp://${cable.there}:2376`,
    BERTH_HOSTS__FAR__ADDRESS_POOL: pool,
    BERTH_HOSTS__FAR__CA: join(certificates, 'ca.pem'),
    BERTH_HOSTS__FAR__CERT: join(certificates, 'cert.pem'),
    BERTH_HOSTS__FAR__KEY: join(certificates, 'key.pem'),
    // The crowd leaves room for what is asked beside it.
  };
}

/** A team uses up its quota, on both hosts together. */
async function usedUp(server) {
  for (let count = 0; count < quota; count += 1) await launched(server, crowded);
  const on = (await server.environments()).map(({ host }) => host);
  if (new Set(on).size !== 2) throw new Error(`The launches of a team went to ${on.join(', ')}.`);
  const { code, message } = await refusal(launched(server, crowded));
  if (code !== 'quota_exceeded') throw new Error(`One more than the quota over both hosts ends as ${code}: ${message}`);
  await settled(server, 'After a quota was used up on both hosts');
  await server.clear();
}

/** One environment on each host, which the crowd leaves alone. */
async function watched(server) {
  const each = [await launched(server, aside), await launched(server, aside)];
  return Object.fromEntries(each.map(({ host, id }) => [host, id]));
}

/** Its port has answered by then, at the address of its host. */
async function launched(server, team) {
  const launched = await server.call('POST', '/api/v1/environments', { team, template: 'probed' });
  if (launched.state !== 'running') throw new Error(`A launch on ${launched.host} ends as ${launched.state}: ${launched.reason}`);
  return launched;
}

/** One fault, from before it until all is well again. Gives the seconds until it was noticed. */
async function happens(all, what, { strike, mend, keeps, loses }) {
  const { server, engine, crowd, random, watched } = all;
  const before = { near: await seen(server, watched.near), far: await seen(server, watched.far), run: await run(engine, watched.far) };
  let began;
  await crowd.during(async () => {
    await pause(random() * 1000);
    await strike(all);
    began = performance.now();
    await pause(random() * 1000);
  });
  await until('the far host is lost', async () => (await far(server)).link.state === 'lost', { within: noticed });
  const seconds = (performance.now() - began) / 1000;
  await elsewhereGoesOn(server, watched);
  if ((await seen(server, watched.far)) !== before.far) throw new Error(`While ${what}, what is there was shown as something else.`);
  await mend(all);
  await server.live();
  const state = loses ? 'failed' : 'running';
  await until(`what is there is ${state}`, async () => (await seen(server, watched.far)).startsWith(state));
  await settled(server, `After ${what}`, crowd);
  if ((await seen(server, watched.near)) !== before.near) throw new Error(`After ${what}, something on the other host has changed.`);
  if (keeps && (await run(engine, watched.far)) !== before.run) throw new Error(`After ${what}, what ran there on was started again.`);
  if (crowd.refused.internal) throw new Error(`While ${what}, somebody was told of a fault of ours.`);
  return seconds.toFixed(1);
}

/** What is on the far host waits; a launch goes to the other, and does there what it should. */
async function elsewhereGoesOn(server, watched) {
  const { code, message } = await refusal(server.call('POST', `/api/v1/environments/${watched.far}/stop`));
  if (code !== 'engine_unavailable') throw new Error(`A stop on a host that is away ends as ${code}: ${message}`);
  const { id, host } = await launched(server, aside);
  if (host !== 'near') throw new Error('A launch went to a host that is away.');
  for (const way of ['restart', 'stop', 'start']) await server.call('POST', `/api/v1/environments/${id}/${way}`);
  await server.call('DELETE', `/api/v1/environments/${id}`);
}

/** Berth's certificate is another authority's, and with its next start the engine sees it. */
async function refuseCertificate({ engine, foreign, certificates }) {
  for (const name of ['cert.pem', 'key.pem']) copyFileSync(join(foreign, name), join(certificates, name));
  await engine.kill();
  await engine.restart({ keeping: true });
}

/** Nothing on another engine is touched before an admin accepts it. */
async function accept({ server, engine }) {
  await until('another engine is seen there', async () => (await far(server)).exchanged);
  const path = `/events?since=1&until=${Math.ceil(Date.now() / 1000)}`;
  const [answer] = await once(send(engine.address, 'GET', path), 'response');
  const events = Buffer.concat(await answer.toArray()).toString();
  if (events) throw new Error(`An engine that nobody has accepted was touched: ${events}`);
  await images(engine);
  await server.call('POST', '/api/v1/hosts/far/accept-engine');
}

const far = (server) => server.call('GET', '/api/v1/hosts/far');

const refusal = (asked) => asked.then(() => ({ code: 'done', message: 'nothing' }), (error) => error);

async function seen(server, id) {
  const { state, started_at } = await server.call('GET', `/api/v1/environments/${id}`);
  return `${state} since ${started_at}`;
}

/** The run of its container, as its engine tells it. */
async function run(engine, id) {
  const [{ Id }] = await ask(engine.address, 'GET', labelled('/containers/json?all=true', `berth.environment=${id}`));
  return (await ask(engine.address, 'GET', `/containers/${Id}/json`)).State.StartedAt;
}
