// A real proxy between the browser and Berth, as README gives it to operators: nginx with its location, or Caddy.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Kind = 'nginx' | 'caddy';

export class Proxy {
  private constructor(private readonly process: ChildProcess) {}

  /** On `port` of loopback, for what listens on `berth`. Its files go into `directory`. */
  static start(kind: string, directory: string, port: number, berth: number): Proxy {
    if (kind !== 'nginx' && kind !== 'caddy') throw new Error(`BERTH_PROXY is nginx or caddy, not ${kind}`);
    const home = join(directory, kind);
    mkdirSync(home);
    const config = join(home, 'config');
    writeFileSync(config, kind === 'nginx' ? nginx(home, port, berth) : caddy(port, berth));
    const [binary, ...options] = command(kind, home, config);
    const env = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
    return new Proxy(spawn(binary, options, { env, stdio: ['ignore', 'ignore', kind === 'nginx' ? 'inherit' : 'ignore'] }));
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) throw new Error('the proxy ended by itself');
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }
}

function command(kind: Kind, home: string, config: string): [string, ...string[]] {
  if (kind === 'caddy') return ['caddy', 'run', '--adapter', 'caddyfile', '--config', config];
  const binary = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path)) ?? 'nginx';
  return [binary, '-p', home, '-c', config];
}

/** The journeys have no TLS: README's site, at an address that has none. */
function caddy(port: number, berth: number): string {
  const block = /```\nberth.example.org (\{\n.*?\n\})\n```/s.exec(readFileSync('README.md', 'utf8'))?.[1];
  if (!block) throw new Error('README has no block for Caddy');
  const site = block.replace('127.0.0.1:3000', `127.0.0.1:${berth}`);
  return `{\n  admin off\n  auto_https off\n}\nhttp://127.0.0.1:${port} ${site}\n`;
}

function nginx(home: string, port: number, berth: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(home, kind)};`);
  const { map, location } = fromReadme();
  return `
daemon off;
pid ${join(home, 'nginx.pid')};
error_log stderr;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off;
  ${temporary.join(' ')}
  ${map}
  server {
    listen 127.0.0.1:${port};
    ${location.replace('127.0.0.1:3000', `127.0.0.1:${berth}`)}
  }
}
`;
}

/** The journeys have no TLS: of README's server, what is about passing requests on. */
function fromReadme(): { map: string; location: string } {
  const block = /```nginx\n(.*?)```/s.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
  const [map, location] = [/^map .*?^}/ms.exec(block)?.[0], /^ {4}location .*?^ {4}}/ms.exec(block)?.[0]];
  if (!map || !location) throw new Error('README has no nginx block with a map and a location');
  return { map, location };
}
