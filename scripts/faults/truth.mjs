// What must hold when everything has come to rest: what the server says is what the engines have, and nobody is missing.
import { setTimeout as pause } from 'node:timers/promises';
import { interrupted } from '../lib.mjs';

/** Lets everything come to rest, and looks. A leftover may need one more look of the server's, which is a minute away at most. */
export async function settled(server, when, crowd) {
  const late = performance.now() + 75_000;
  let problems;
  do {
    await server.rest();
    problems = await wrong(server, crowd?.kept ?? []);
    if (problems.length) await pause(500);
  } while (problems.length && performance.now() < late && !interrupted());
  if (problems.length) throw new Error(`${when}:\n  ${problems.join('\n  ')}`);
}

/** Everything is removed, and then no engine has anything of ours. */
export async function emptied(server) {
  await server.clear();
  await settled(server, 'After everything was removed');
  const left = await server.of('/containers/json?all=true');
  if (left.length) throw new Error(`${left.length} containers are left after everything was removed.`);
}

/** What is wrong now, where nothing is on its way; nothing, where all is well. `kept` were launched, and never asked to be removed. */
async function wrong(server, kept) {
  const [environments, containers, teams, networks, volumes] = await Promise.all([
    server.environments(),
    server.of('/containers/json?all=true'),
    server.call('GET', '/api/v1/teams'),
    server.of('/networks'),
    server.of('/volumes'),
  ]);
  const known = new Set(environments.map(({ id }) => id));
  const leaked = containers.filter(({ Labels }) => !known.has(Labels['berth.environment']));
  const empty = networks.filter((network) => !environments.some(({ team, host }) => team === network.Labels['berth.team'] && host === network.host));
  const lost = [...kept].filter((id) => !known.has(id));
  return [
    ...environments.flatMap((environment) => differs(environment, containers)),
    ...leaked.map(({ Names, State }) => `container ${Names[0]} (${State}) is of nothing that exists`),
    ...lost.map((id) => `${id} was launched, nobody removed it, and it is lost`),
    ...teams.items.flatMap((team) => miscounted(team, environments)),
    ...empty.map(({ Name }) => `the network ${Name} is left`),
    ...volumes.map(({ Name }) => `the volume ${Name} is left`),
    ...(server.runs ? [] : ['the server has ended by itself']),
    ...(server.panicked() ? ['the server panicked'] : []),
  ];
}

/** Where an environment is not what its engine has of it, and no other. */
function differs({ id, host, state, reason, ports }, containers) {
  const mine = containers.filter(({ Labels }) => Labels['berth.environment'] === id);
  const elsewhere = mine.find((container) => container.host !== host);
  if (elsewhere) return [`${id} is on ${host}, and has a container on ${elsewhere.host}`];
  const states = mine.map(({ State }) => State);
  const fits = state === 'running' ? states.join() === 'running' : states.length <= 1 && !states.includes('running');
  if (!fits) return [`${id} is ${state} (${reason}), and its containers are ${states.join(', ') || 'none'}`];
  if (state !== 'running') return [];
  const published = mine[0].Ports.map(({ PrivatePort, PublicPort }) => `${PrivatePort}→${PublicPort}`);
  const stale = ports.map(({ container, host_port }) => `${container}→${host_port}`).filter((port) => !published.includes(port));
  return stale.map((port) => `${id} shows the port ${port}, and the engine has ${published.join(', ') || 'none'}`);
}

/** Where the quota's sums are not what runs. */
function miscounted({ name, room }, environments) {
  const mine = environments.filter(({ team }) => team === name);
  const { used } = room.team;
  const running = mine.filter(({ state }) => state === 'running');
  const memory = running.reduce((sum, { limits }) => sum + limits.memory_bytes, 0);
  const truth = JSON.stringify({ environments: mine.length, running: running.length, memory });
  const told = JSON.stringify({ environments: used.environments, running: used.running, memory: used.memory_bytes ?? used.memory });
  return truth === told ? [] : [`the sums of ${name} are ${told}, and the truth is ${truth}`];
}
