// A few people who do at random what one can do with environments, all at once; and chance, as a seed decides it.
import { setTimeout as pause } from 'node:timers/promises';
import { aside, crowded } from './server.mjs';

const workers = 4;

/** Random numbers that a seed decides (mulberry32). */
export function chance(from) {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const any = (random, all) => all[Math.floor(random() * all.length)];

export class Crowd {
  /** What was launched and nobody asked to remove: it must be there. */
  kept = new Set();
  /** What somebody asked to remove, be it before whoever launched it had the answer. */
  #unwanted = new Set();
  /** What is not touched. */
  spared = new Set();
  /** How often something was refused, by its code. */
  refused = {};
  #over = true;

  constructor(server, random) {
    this.server = server;
    this.random = random;
  }

  /** Is at work while something happens, and no longer, however that ends. */
  async during(happens) {
    this.#over = false;
    this.refused = {};
    const work = Array.from({ length: workers }, () => this.#one());
    try {
      await happens();
    } finally {
      this.#over = true;
      await Promise.all(work);
    }
  }

  async #one() {
    while (!this.#over) {
      try {
        await this.#do(any(this.random, ['launch', 'launch', 'start', 'stop', 'restart', 'extend', 'remove', 'remove']));
      } catch (error) {
        // Refused, or cut off: both are part of it.
        this.refused[error.code] = (this.refused[error.code] ?? 0) + 1;
      }
      await pause(this.random() * 40);
    }
  }

  async #do(what) {
    const all = (await this.server.environments()).filter(({ id }) => !this.spared.has(id));
    if (what === 'launch') {
      const { id } = await this.server.begin('POST', '/api/v1/environments', { team: crowded, template: any(this.random, ['web', 'probed']) });
      if (!this.#unwanted.has(id)) this.kept.add(id);
    } else if (all.length) {
      const { id } = any(this.random, all);
      if (what !== 'remove') return this.server.begin('POST', `/api/v1/environments/${id}/${what}`);
      this.#unwanted.add(id);
      this.kept.delete(id);
      await this.server.begin('DELETE', `/api/v1/environments/${id}`);
    }
  }
}

/** Every operation, with what must be there before. */
export function operations(server) {
  const launch = () => server.launch();
  const stopped = async () => {
    const id = await launch();
    await server.call('POST', `/api/v1/environments/${id}/stop`);
    return id;
  };
  const on = (way) => (id) => server.begin('POST', `/api/v1/environments/${id}/${way}`);
  return {
    launch: { begin: () => server.begin('POST', '/api/v1/environments', { team: aside, template: 'web' }) },
    start: { prepare: stopped, begin: on('start') },
    stop: { prepare: launch, begin: on('stop') },
    restart: { prepare: launch, begin: on('restart') },
    extend: { prepare: launch, begin: on('extend') },
    remove: { prepare: launch, begin: (id) => server.begin('DELETE', `/api/v1/environments/${id}`) },
  };
}
