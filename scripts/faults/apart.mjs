// Namespaces of the kernel's, in which a proof may start an engine and mount a disk of its own: they end with it, and so does
// whatever it leaves behind (mounts, bridges, firewall rules, published ports). Nobody else's engine sees any of it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Why there can be none here; nothing, where there can. */
export function notApart() {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid() !== 0) return 'needs root';
  // Root in a container may have been left without that right.
  return spawnSync('unshare', ['--mount', '--net', 'true']).status === 0 ? undefined : 'needs a root who may make namespaces';
}

/** Runs a script of ours with mounts, and with `network` a network, of its own. Gives its exit status. */
export async function apart(script, words, { network }) {
  const own = ['--mount', ...(network ? ['--net'] : [])];
  const child = spawn('unshare', [...own, process.execPath, script, ...words], { stdio: 'inherit', env: { ...process.env, SOAK_APART: '1' } });
  const pass = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, pass);
  const [status] = await once(child, 'exit');
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, pass);
  return status ?? 1;
}

export const isApart = () => process.env.SOAK_APART === '1';
