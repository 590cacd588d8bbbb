// The disk of the server fills up under load, stays full for a while, also over a kill -9 and a new start, and is freed again.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, engineAddress, send, until } from '../lib.mjs';
import { Crowd, operations } from './crowd.mjs';
import { Server, aside } from './server.mjs';
import { SmallDisk } from './small_disk.mjs';
import { emptied, settled } from './truth.mjs';

export async function diskFull({ times, random, tell }) {
  const disk = new SmallDisk();
  let server;
  let failure;
  try {
    server = await Server.over(engineAddress(), { BERTH_SERVER__DATA_DIR: disk.folder });
    const cookie = await signIn(server);
    const crowd = new Crowd(server, random);
    for (let count = 1; count <= times; count += 1) {
      const killed = count % 2 === 1;
      await fullOnce({ server, disk, crowd, random, cookie, killed });
      await settled(server, `After the disk was full for the ${count}th time`, crowd);
      if (count % 5 === 0) tell(`full ${count} of ${times} times`);
    }
    await emptied(server);
    return `full under load, and with a kill -9 meanwhile (${times} times, by turns)`;
  } catch (error) {
    throw (failure = error);
  } finally {
    try {
      await server?.end(failure);
    } finally {
      disk.remove();
    }
  }
}

async function fullOnce({ server, disk, crowd, random, cookie, killed }) {
  await server.clear();
  crowd.kept.clear();
  const ids = await apartFrom(crowd);
  // That it is used for the first time is to be noted, and cannot be.
  const token = await server.run('token', 'create', '--user', 'operator@localhost', '--name', `read-${Date.now()}`, '--scope', 'read');
  await crowd.during(async () => {
    await pause(random() * 1000);
    disk.fill();
    await until('whoever may extend is refused, because the disk is full', () => isFull(server, ids, 4));
    await pause(random() * 1000);
  });
  if (crowd.refused.internal) throw new Error('Somebody was told of a fault of ours, and not that the disk is full.');
  await refuses(server, ids);
  await reads(server, { cookie, authorization: `Bearer ${token}` }, ids);
  if (killed) await killedWhileFull(server, disk);
  disk.free();
  if (!server.runs) server.spawn();
  await server.live();
  await goesOn(server, ids);
}

/** One environment for each operation that needs one, which the crowd leaves alone. */
async function apartFrom(crowd) {
  const { start, stop } = operations(crowd.server);
  const stopped = await start.prepare();
  const running = await stop.prepare();
  crowd.spared = new Set([stopped, running]);
  return { start: stopped, stop: running, restart: running, extend: running, remove: running };
}

/** Signs a browser in, by the link of the last start. */
async function signIn(server) {
  const [entered] = await once(send(server.address, 'GET', server.signInPath()), 'response');
  entered.resume();
  return entered.headers['set-cookie'].map((line) => line.split(';')[0]).join('; ');
}

/** Every operation is refused for what it is, the command line's too; what is left of the room within the files is used up first. */
async function refuses(server, ids) {
  for (const [name, { begin }] of Object.entries(operations(server))) {
    await until('nothing more is written', () => isFull(server, ids, 1));
    const { status, code } = (await refusal(begin(ids[name]))) ?? {};
    if (status !== 507 || code !== 'server_full') throw new Error(`With a full disk, ${name} answers ${status} ${code}.`);
  }
  const said = await refusal(server.run('token', 'create', '--user', 'operator@localhost', '--name', 'full'));
  if (!/disk of the server is full/.test(said?.stderr)) throw new Error(`With a full disk, the command line says: ${said?.stderr}`);
}

/** Whether so many extensions, which nothing else forbids, are refused one after the other because the disk is full. */
async function isFull(server, ids, times) {
  for (let count = 0; count < times; count += 1) {
    if ((await refusal(operations(server).extend.begin(ids.extend)))?.code !== 'server_full') return false;
  }
  return true;
}

const refusal = (asked) => asked.then(() => undefined, (error) => error);

/** Pages and lists are there as ever. */
async function reads(server, { cookie, authorization }, ids) {
  for (const path of ['/me', '/teams', '/templates', '/host', '/audit', '/environments', `/environments/${ids.stop}`]) {
    await ask(server.address, 'GET', `/api/v1${path}`, undefined, { authorization });
  }
  for (const path of ['/environments', `/environments/${ids.stop}`, '/launch', '/readyz']) {
    const [page] = await once(send(server.address, 'GET', path, { cookie, accept: 'text/html' }), 'response');
    const text = Buffer.concat(await page.toArray()).toString();
    const shown = path.startsWith('/environments') ? text.includes(ids.stop) : text;
    if (page.statusCode !== 200 || !shown) throw new Error(`With a full disk, ${path} answers ${page.statusCode}, and does not show what it should.`);
  }
}

/** Started on a full disk it serves, or says why it cannot. */
async function killedWhileFull(server, disk) {
  await server.kill();
  disk.fill();
  server.spawn();
  const answered = until('it answers or ends', async () => !server.runs || (await server.answers()));
  await answered.catch((error) => server.runs && Promise.reject(error));
  if (server.runs) return;
  if (server.child.exitCode !== 1 || !/full/.test(server.lastWords(1))) throw new Error('Started on a full disk, it ends without saying why.');
}

/** Everything that was refused is done now. */
async function goesOn(server, ids) {
  const on = (way) => server.call('POST', `/api/v1/environments/${ids[way]}/${way}`);
  for (const way of ['extend', 'restart', 'stop', 'start']) await on(way);
  await server.call('DELETE', `/api/v1/environments/${ids.remove}`);
  const launched = await server.call('POST', '/api/v1/environments', { team: aside, template: 'probed' });
  if (launched.state !== 'running') throw new Error(`After the disk was freed, a launch ends as ${launched.state}: ${launched.reason}`);
}
