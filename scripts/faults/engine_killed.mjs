// The engine is killed and comes back, in each of the ways it may: at every call of every operation, and at random points under load.
import { setTimeout as pause } from 'node:timers/promises';
import { atEveryCall } from './at_calls.mjs';
import { Crowd } from './crowd.mjs';
import { OwnEngine } from './own_engine.mjs';
import { Server } from './server.mjs';
import { emptied, settled } from './truth.mjs';

/** What ends, and what is still there when it comes back. */
const ways = {
  'the engine, whose containers run on': { strike: ({ engine }) => engine.kill(), keeping: true },
  'the engine, which ends its containers when it comes back': { strike: ({ engine }) => engine.kill(), keeping: false },
  'the machine of the engine': { strike: ({ engine }) => engine.cutPower(), keeping: false },
  'the machine of both': { strike: ({ engine, server }) => Promise.all([engine.cutPower(), server.kill()]), keeping: false },
};
const names = Object.keys(ways);

export async function engineKilled({ kills, everyCall, random, tell }) {
  const engine = await OwnEngine.start();
  let server;
  let failure;
  try {
    await engine.serve('scripts/images', 'examples/images/web');
    server = await Server.over(engine.address);
    const both = { engine, server };
    let calls = 0;
    for (const name of everyCall ? names : []) {
      const way = ways[name];
      calls += await atEveryCall(server, `the end of ${name}`, () => way.strike(both), () => back(both, way, 0));
      tell(`${name}: ended at every call`);
    }
    const crowd = new Crowd(server, random);
    for (let count = 0; count < kills; count += 1) {
      const name = names[count % names.length];
      await crowd.during(async () => {
        await pause(random() * 1500);
        await ways[name].strike(both);
        await back(both, ways[name], random() * 2000);
        await pause(random() * 1000);
      });
      await settled(server, `After the end of ${name} under load, the ${count + 1}th`, crowd);
    }
    await emptied(server);
    return `kill -9 ${calls ? `at ${calls} calls, and ` : ''}at ${kills} random points under load, of dockerd or of all on its machine`;
  } catch (error) {
    throw (failure = error);
  } finally {
    try {
      await server?.end(failure);
    } finally {
      await engine.end();
    }
  }
}

/** It was away for a while; whoever was killed is started again, and finds the other. */
async function back({ engine, server }, { keeping }, away) {
  await pause(away);
  if (!server.runs) server.spawn();
  await engine.restart({ keeping });
  await server.live();
}
