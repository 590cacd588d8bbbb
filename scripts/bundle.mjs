// Lays out target/site: public files at the top, the hashed bundle under pkg/, each text with its compressed twins.
//   node scripts/bundle.mjs release|dev FROM SITE     (FROM: what wasm-bindgen wrote)
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { build, transform } from 'esbuild';

const [mode, from, site] = process.argv.slice(2);
const release = mode === 'release';
// These come first, in this order; any other file of style/ follows by its name.
const styles = ['tokens.css', 'base.css', 'layout.css', 'components.css'];
// Scripts that need no WebAssembly: app/src/ui/NAME.js, with the style/NAME.css that it may import. The frame is on every page.
const apart = ['frame', 'terminal'];
const texts = new Set(['.css', '.html', '.js', '.json', '.mjs', '.svg', '.txt', '.wasm', '.webmanifest', '.xml']);

const bundle = {
  'berth.js': await script(),
  'berth_bg.wasm': await readFile(join(from, 'berth_bg.wasm')),
  'berth.css': await style(),
  ...(await pages()),
};
const hash = hashOf(bundle);

// Written beside and then put in place, so that a server that reads it never sees half of it.
const fresh = `${site}.new`;
const pkg = join(fresh, 'pkg', hash);
await rm(fresh, { recursive: true, force: true });
await mkdir(pkg, { recursive: true });
await cp('public', fresh, { recursive: true }).catch(unlessMissing);
for (const [name, content] of Object.entries(bundle)) await writeFile(join(pkg, name), content);
if (release) await compressAll(fresh);
await rm(site, { recursive: true, force: true });
await rename(fresh, site);
await report();

/** The glue as one minified module, with the snippets that crates bring along. */
async function script() {
  const result = await build({
    entryPoints: [join(from, 'berth.js')],
    bundle: true,
    format: 'esm',
    minify: release,
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
  });
  return Buffer.from(result.outputFiles[0].contents);
}

/** The scripts and styles of pages apart, with what they import. Other people's licences stay in them. */
async function pages() {
  const result = await build({
    entryPoints: apart.map((name) => `app/src/ui/${name}.js`),
    outdir: '.',
    bundle: true,
    format: 'esm',
    minify: release,
    legalComments: 'inline',
    write: false,
    logLevel: 'warning',
  });
  return Object.fromEntries(result.outputFiles.map((file) => [basename(file.path), Buffer.from(file.contents)]));
}

async function style() {
  const files = (await readdir('style').catch(unlessMissing)) ?? [];
  const order = (name) => (styles.includes(name) ? styles.indexOf(name) : styles.length);
  const shared = (name) => name.endsWith('.css') && !apart.includes(basename(name, '.css'));
  const css = files.filter(shared).sort((a, b) => order(a) - order(b) || a.localeCompare(b));
  const whole = (await Promise.all(css.map((name) => readFile(join('style', name), 'utf8')))).join('\n');
  return Buffer.from((await transform(whole, { loader: 'css', minify: release, legalComments: 'none' })).code);
}

function hashOf(files) {
  const sum = createHash('sha256');
  for (const [name, content] of Object.entries(files)) sum.update(`${name} ${content.length}\n`).update(content);
  return sum.digest('hex').slice(0, 16);
}

async function compressAll(directory) {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && texts.has(extname(path))) await compress(path);
  }
}

async function compress(path) {
  const content = await readFile(path);
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  await writeFile(`${path}.br`, await promisify(zlib.brotliCompress)(content, { params }));
  await writeFile(`${path}.gz`, await promisify(zlib.gzip)(content, { level: 9 }));
}

async function report() {
  const size = async (name) => (await readFile(join(site, 'pkg', hash, release ? `${name}.br` : name))).length / 1024;
  const sizes = await Promise.all(Object.keys(bundle).map(async (name) => `${name} ${(await size(name)).toFixed(1)} KiB`));
  console.log(`  ${sizes.join(', ')}${release ? ' (brotli)' : ''}`);
}

function unlessMissing(error) {
  if (error.code !== 'ENOENT') throw error;
}
