// The server of the soak: the release over an engine that may be watched, or over several, with the soak's catalogue and an admin's token.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Berth, ask, labelled, until } from '../lib.mjs';
import { Between } from './between.mjs';

/** The crowd's, and one that always has room. */
export const crowded = 'soak';
export const aside = 'aside';
/** All is done by one person, faster than one person may. */
const unhurried = { BERTH_LIMITS__LAUNCHES: '100000' };
const atRest = ['running', 'stopped', 'failed'];
/** Of networks from its own pools, an Engine 20.10 that is killed may never start again (README, What reaches what). */
export const pool = '10.213.0.0/16';

export class Server extends Berth {
  /** Serves over the engine at `engine`. */
  static async over(engine, settings = {}) {
    const server = await this.prepare('soak', { ...unhurried, ...settings });
    const way = join(server.directory, 'engine.sock');
    Object.assign(server.environment, { BERTH_DOCKER__HOST: `unix://${way}`, BERTH_DOCKER__ADDRESS_POOL: pool });
    server.between = await Between.open(way, engine);
    return server.#begun({ default: engine });
  }

  /** Serves over the hosts that the settings name; `engines` has the address of each for us. */
  static async overHosts(engines, settings) {
    const server = await this.prepare('soak', { ...unhurried, ...settings });
    return server.#begun(engines);
  }

  async #begun(engines) {
    this.engines = engines;
    try {
      this.spawn();
      await until('the server answers', () => this.answers());
      await this.run('apply', resolve('scripts/faults/catalogue.toml'));
      this.token = await this.run('token', 'create', '--user', 'operator@localhost', '--name', 'soak', '--scope', 'admin');
      await this.live();
      this.installation = await this.#installation();
      return this;
    } catch (error) {
      await this.end(error);
      throw error;
    }
  }

  /** Starts, and waits until it follows its engines. */
  async start() {
    this.spawn();
    await this.live();
  }

  async live() {
    await until('the server follows its engines', async () => (await this.answers()) && (await this.hosts()).every(({ link }) => link.state === 'live'));
  }

  async hosts() {
    return (await this.call('GET', '/api/v1/hosts')).items;
  }

  call(method, path, body, headers = {}) {
    return ask(this.address, method, path, body, { authorization: `Bearer ${this.token}`, ...headers });
  }

  /** Begins something and does not wait for its end. */
  begin(method, path, body) {
    return this.call(method, path, body, { prefer: 'respond-async' });
  }

  async launch() {
    return (await this.call('POST', '/api/v1/environments', { team: aside, template: 'web' })).id;
  }

  async environments() {
    return (await this.call('GET', '/api/v1/environments?limit=500')).items;
  }

  async isAtRest() {
    return (await this.environments()).every(({ state }) => atRest.includes(state));
  }

  rest() {
    return until('nothing is on its way', () => this.isAtRest());
  }

  /** Removes everything that is at rest by then. */
  async clear() {
    await this.rest();
    const all = await this.environments();
    await Promise.all(all.map(({ id }) => this.call('DELETE', `/api/v1/environments/${id}`)));
  }

  /** What the engines themselves have of this installation, each with the name of its `host`. */
  of(path) {
    return this.#labelled(path, `berth.installation=${this.installation}`);
  }

  async #labelled(path, label) {
    const each = Object.entries(this.engines).map(async ([host, engine]) => {
      const answer = await ask(engine, 'GET', labelled(path, label));
      return (Array.isArray(answer) ? answer : answer.Volumes ?? []).map((one) => ({ ...one, host }));
    });
    return (await Promise.all(each)).flat();
  }

  panicked() {
    return readFileSync(this.log, 'utf8').includes('panicked');
  }

  /** Takes away all that was made. What went wrong until then is told with the server's last words. */
  async end(error) {
    if (error) error.message += `\n\nThe end of Berth's log:\n${this.lastWords()}\n`;
    // In order, so that it leaves no call half done.
    await this.stop();
    this.between?.close();
    try {
      if (this.installation) await this.#removeContainers();
    } catch (other) {
      // What went wrong first is the news.
      if (!error) throw other;
    } finally {
      this.remove();
    }
  }

  async #removeContainers() {
    for (const { Id, host } of await this.of('/containers/json?all=true')) {
      await ask(this.engines[host], 'DELETE', `/containers/${Id}?force=true&v=true`).catch((refused) => {
        // Gone, or about to be.
        if (![404, 409].includes(refused.status)) throw refused;
      });
    }
  }

  async #installation() {
    const id = await this.launch();
    const [{ Labels }] = await this.#labelled('/containers/json', `berth.environment=${id}`);
    await this.clear();
    return Labels['berth.installation'];
  }
}
