// The Docker Engine as the journeys see it: what it holds of ours, and a gate before it that can be shut.
import { existsSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** Where the real engine listens. */
const address = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
const target = address.startsWith('unix://')
  ? { path: address.slice('unix://'.length) }
  : { host: new URL(address).hostname, port: Number(new URL(address).port) };

export interface Container {
  Id: string;
  Names: string[];
  Labels: Record<string, string>;
}

/** The containers that one installation of Berth made, stopped ones too. What others make on the same engine is not among them. */
export async function containersOf(installation: string): Promise<Container[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.installation=${installation}`] }));
  return JSON.parse(await call('GET', `/containers/json?all=true&filters=${filters}`));
}

export async function removeContainer(id: string): Promise<void> {
  await call('DELETE', `/containers/${id}?force=true&v=true`);
}

function call(method: string, path: string): Promise<string> {
  const where = 'path' in target ? { socketPath: target.path } : target;
  return new Promise((resolve, reject) => {
    request({ ...where, method, path, headers: { host: 'docker' } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () =>
        (response.statusCode ?? 500) < 300 ? resolve(body) : reject(new Error(`${method} ${path}: ${response.statusCode} ${body}`)),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** A socket that passes everything on to the real engine, until it is shut: then the engine has died, as far as Berth can see. */
export class Gate {
  private readonly open = new Set<Socket>();
  private server?: Server;

  constructor(private readonly path: string) {}

  get host(): string {
    return `unix://${this.path}`;
  }

  restore(): Promise<void> {
    this.server = createServer((from) => this.passOn(from));
    return new Promise((resolve, reject) => this.server?.once('error', reject).listen(this.path, resolve));
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
    for (const socket of this.open) socket.destroy();
    await closed;
    if (existsSync(this.path)) rmSync(this.path);
  }

  private passOn(from: Socket) {
    const to = createConnection(target);
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ]) {
      this.open.add(socket);
      // Either side's end is both sides' end.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.open.delete(socket);
        other.destroy();
      });
    }
    from.pipe(to).pipe(from);
  }
}
