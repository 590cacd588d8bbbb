// A real nginx between the browser and Berth, with the location that README gives to operators.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const binary = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path)) ?? 'nginx';

export class Proxy {
  private constructor(private readonly process: ChildProcess) {}

  /** On `port` of loopback, for what listens on `berth`. Its files go into `directory`. */
  static start(directory: string, port: number, berth: number): Proxy {
    const home = join(directory, 'nginx');
    mkdirSync(home);
    const config = join(home, 'nginx.conf');
    writeFileSync(config, configuration(home, port, berth));
    return new Proxy(spawn(binary, ['-p', home, '-c', config], { stdio: ['ignore', 'ignore', 'inherit'] }));
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) throw new Error('nginx ended by itself');
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }
}

function configuration(home: string, port: number, berth: number): string {
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
