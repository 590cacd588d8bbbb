// The server is killed (kill -9) on a real engine: at every call of every operation, and at random points under load.
import { setTimeout as pause } from 'node:timers/promises';
import { engineAddress } from '../lib.mjs';
import { atEveryCall } from './at_calls.mjs';
import { Crowd } from './crowd.mjs';
import { Server } from './server.mjs';
import { emptied, settled } from './truth.mjs';

export async function serverKilled({ kills, random, tell }) {
  const server = await Server.over(engineAddress());
  let failure;
  try {
    const calls = await atEveryCall(server, 'a kill', () => server.kill(), () => server.start());
    const crowd = new Crowd(server, random);
    for (let count = 1; count <= kills; count += 1) {
      await crowd.during(async () => {
        await pause(random() * 1200);
        await server.kill();
      });
      await server.start();
      await settled(server, `After the ${count}th kill under load`, crowd);
      if (count % 25 === 0) tell(`killed at ${count} of ${kills} random points`);
    }
    await emptied(server);
    return `kill -9 at ${calls} calls of the engine and at ${kills} random points under load`;
  } catch (error) {
    throw (failure = error);
  } finally {
    await server.end(failure);
  }
}
