// Stands between the server and the engine: passes everything on, and tells of each call before it is done and after.
import { once } from 'node:events';
import { createServer, request } from 'node:http';

/** What the server asks of the engine by itself, whatever is under way. */
const ofItself = /^GET \/(events|version|info)/;

export class Between {
  #watcher = undefined;

  /** Listens on the socket `path` for the engine at `engine`. */
  static async open(path, engine) {
    const between = new Between();
    between.engine = engine;
    between.server = createServer((asked, answer) => between.#pass(asked, answer).catch(() => answer.destroy()));
    between.server.listen(path);
    await once(between.server, 'listening');
    return between;
  }

  /** At the call of that place from now on, as the engine is about to do it (`asked`) or when it has done it (`done`), does what is given. */
  atCall(place, moment, act) {
    let seen = 0;
    let reached;
    this.#watcher = async (call, now) => {
      if (now !== moment || ofItself.test(call) || reached) return;
      if (seen++ === place) {
        reached = call;
        await act(call);
      }
    };
  }

  pass() {
    this.#watcher = undefined;
  }

  async #pass(asked, answer) {
    const body = Buffer.concat(await asked.toArray());
    const call = `${asked.method} ${asked.url.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '').replace(/[0-9a-f]{64}/, 'ID')}`;
    await this.#watcher?.(call, 'asked');
    const sent = request({ ...this.engine, method: asked.method, path: asked.url, headers: asked.headers, agent: false });
    sent.end(body);
    const [response] = await once(sent, 'response');
    await this.#watcher?.(call, 'done');
    answer.on('close', () => sent.destroy());
    answer.writeHead(response.statusCode, response.headers);
    answer.flushHeaders();
    response.on('error', () => answer.destroy());
    response.pipe(answer);
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
