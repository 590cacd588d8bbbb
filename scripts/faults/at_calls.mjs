// Strikes at every call that an operation makes of the engine, as the engine is about to do it and when it has done it.
import { until } from '../lib.mjs';
import { operations } from './crowd.mjs';
import { settled } from './truth.mjs';

/** Every operation: `strike` at the call, then `recover`, then everything must be settled. Gives the number of strikes. */
export async function atEveryCall(server, what, strike, recover) {
  let count = 0;
  for (const [name, { prepare, begin }] of Object.entries(operations(server))) {
    for (const moment of ['asked', 'done']) {
      for (let place = 0, struck = true; struck; place += 1) {
        const id = await prepare?.();
        struck = await struckAt(server, place, moment, strike, () => begin(id));
        if (struck) {
          count += 1;
          await recover();
          await settled(server, `After ${what} in a ${name}, when ${struck} was ${moment}`);
        }
        await server.clear();
      }
    }
  }
  return count;
}

/** Begins something, and strikes at its call of that place. Gives that call; nothing, where it makes fewer. */
async function struckAt(server, place, moment, strike, begin) {
  let struck;
  let finish;
  const done = new Promise((resolve, reject) => (finish = { resolve, reject }));
  server.between.atCall(place, moment, (call) => {
    struck = call;
    return strike().then(finish.resolve, finish.reject);
  });
  // Whoever asked is cut off too.
  const ended = begin().catch(() => undefined).then(() => until('it ends', async () => struck || (await server.isAtRest())));
  await Promise.race([done, ended.catch((error) => struck || Promise.reject(error))]);
  server.between.pass();
  if (struck) await done;
  return struck;
}
