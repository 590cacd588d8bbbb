// Proofs on a real engine with the release: whatever dies or fills up, nothing is leaked, lost or counted twice.
//   DOCKER_HOST=unix:///var/run/docker.sock node scripts/soak.mjs [server] [engine] [disk] [hosts]
// server: it is killed. engine: one of the soak's own is killed and comes back. disk: the server's is full for a while.
// hosts: one of two engines, reached over TLS, is killed, cut off, exchanged, and refuses the server's certificate.
// SOAK_KILLS (300) kills of the server under load, SOAK_ENGINE_KILLS (20) of the engine, and, unless SOAK_ENGINE_CALLS=0, at
// every call; SOAK_FULL (10) times full; SOAK_HOSTS (3) rounds. SOAK_SEED (1) chooses when; BERTH_BINARY names another build.
import { fileURLToPath } from 'node:url';
import { apart, isApart, notApart } from './faults/apart.mjs';
import { chance } from './faults/crowd.mjs';
import { diskFull } from './faults/disk_full.mjs';
import { engineKilled } from './faults/engine_killed.mjs';
import { serverKilled } from './faults/server_killed.mjs';
import { severalHosts } from './faults/several_hosts.mjs';
import { giveUpInOrder, interrupted } from './lib.mjs';

const { SOAK_KILLS = '300', SOAK_ENGINE_KILLS = '20', SOAK_ENGINE_CALLS = '1', SOAK_FULL = '10', SOAK_HOSTS = '3' } = process.env;
const seed = Number(process.env.SOAK_SEED ?? '1');

const proofs = {
  server: { what: 'The server is killed', prove: serverKilled, sizes: { kills: Number(SOAK_KILLS) } },
  engine: {
    what: 'The engine is killed and comes back',
    prove: engineKilled,
    sizes: { kills: Number(SOAK_ENGINE_KILLS), everyCall: SOAK_ENGINE_CALLS !== '0' },
    own: { network: true, needs: 'to start an engine of its own' },
  },
  disk: {
    what: 'The disk of the server is full',
    prove: diskFull,
    sizes: { times: Number(SOAK_FULL) },
    own: { network: false, needs: 'to mount a disk of its own' },
  },
  hosts: {
    what: 'One of two hosts is away, and exchanged',
    prove: severalHosts,
    sizes: { rounds: Number(SOAK_HOSTS) },
    own: { network: true, needs: 'to start engines of its own' },
  },
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in proofs));
if (unknown) {
  console.error(`There is no proof «${unknown}»: ${Object.keys(proofs).join(', ')}.`);
  process.exit(2);
}
for (const name of asked.length ? asked : Object.keys(proofs)) {
  if (process.exitCode || interrupted()) break;
  const { what, own } = proofs[name];
  if (!own || isApart()) await run(proofs[name]);
  else if (notApart()) console.log(`· ${what}: skipped, because it ${notApart()} ${own.needs}`);
  else process.exitCode = await apart(fileURLToPath(import.meta.url), [name], own);
}

async function run({ what, prove, sizes }) {
  giveUpInOrder();
  const began = performance.now();
  const tell = (how) => console.log(`  ${how}`);
  try {
    const how = await prove({ ...sizes, random: chance(seed), tell });
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`· ${what}: ${how} (seed ${seed}); nothing leaked, lost or counted twice (${seconds} s)`);
  } catch (error) {
    process.exitCode = interrupted() ? 130 : 1;
    console.error(interrupted() ? 'Interrupted.' : `✗ ${what} (seed ${seed}): ${error.message}\n${error.stack.match(/^ +at .*$/gm)?.join('\n')}`);
  }
}
