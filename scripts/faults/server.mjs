// The server of the soak: the release over an engine that may be watched, with the soak's catalogue and an admin's token.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Berth, ask, labelled, until } from '../lib.mjs';
import { Between } from './between.mjs';

/** The crowd's, and one that always has room. */
export const crowded = 'soak';
export const aside = 'aside';
const atRest = ['running', 'stopped', 'failed'];

export class Server extends Berth {
  /** Serves over the engine at `engine`. */
  static async over(engine, settings = {}) {
    const server = await this.prepare('soak', settings);
    server.engine = engine;
    try {
      const way = join(server.directory, 'engine.sock');
      server.between = await Between.open(way, engine);
      server.environment.BERTH_DOCKER__HOST = `unix://${way}`;
      // Of networks from its own pools, an Engine 20.10 that is killed may never start again (README, What reaches what).
      server.environment.BERTH_DOCKER__ADDRESS_POOL = '10.213.0.0/16';
      server.spawn();
      await until('the server answers', () => server.answers());
      await server.run('apply', resolve('scripts/faults/catalogue.toml'));
      server.token = await server.run('token', 'create', '--user', 'operator@localhost', '--name', 'soak', '--scope', 'admin');
      await server.live();
      server.installation = await server.#installation();
      return server;
    } catch (error) {
      await server.end(error);
      throw error;
    }
  }

  /** Starts, and waits until it follows the engine. */
  async start() {
    this.spawn();
    await this.live();
  }

  async live() {
    await until('the server follows the engine', async () => (await this.answers()) && (await this.call('GET', '/api/v1/host')).link.state === 'live');
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

  /** What the engine itself has of this installation. */
  of(path) {
    return ask(this.engine, 'GET', labelled(path, `berth.installation=${this.installation}`));
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
    for (const { Id } of await this.of('/containers/json?all=true')) {
      await ask(this.engine, 'DELETE', `/containers/${Id}?force=true&v=true`).catch((refused) => {
        // Gone, or about to be.
        if (![404, 409].includes(refused.status)) throw refused;
      });
    }
  }

  async #installation() {
    const id = await this.launch();
    const [{ Labels }] = await ask(this.engine, 'GET', labelled('/containers/json', `berth.environment=${id}`));
    await this.clear();
    return Labels['berth.installation'];
  }
}
