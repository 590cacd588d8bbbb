// What a page loads beside its HTML, compressed, held against a bound for each kind of page. A release of the site is measured.
//   node scripts/sizes.mjs
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const site = 'target/site';

/** By kinds of pages: the files, and the most that they may have together, in kB. A story in src/tests/pages.rs holds which page loads which. */
const frame = ['berth.css', 'frame.js', 'icons.svg', 'favicon.svg'];
const kinds = [
  { pages: 'pages without islands', files: frame, most: 16 },
  { pages: 'list, environment, launch', files: [...frame, 'berth.js', 'berth_bg.wasm'], most: 246 },
  { pages: 'terminal', files: [...frame, 'terminal.css', 'terminal.js'], most: 100 },
];

const sizes = await measured();
let failed = false;
for (const { pages, files, most } of kinds) {
  const sum = files.reduce((all, name) => all + (sizes.get(name) ?? missing(name)), 0) / 1000;
  failed ||= sum > most;
  console.log(`${sum > most ? '✗' : '·'} ${pages}: ${sum.toFixed(1)} kB of at most ${most} kB`);
}
// A file that no kind of page is known to load would be free.
const known = new Set(kinds.flatMap(({ files }) => files));
for (const name of sizes.keys()) if (!known.has(name)) failed = console.log(`✗ ${name}: no kind of page in scripts/sizes.mjs loads it`) ?? true;
process.exitCode = failed ? 1 : 0;

/** The compressed size of each file of the site, in bytes, by its name. */
async function measured() {
  const files = await readdir(site, { recursive: true });
  const compressed = files.filter((path) => path.endsWith('.br'));
  return new Map(await Promise.all(compressed.map(async (path) => [path.replace(/^.*\//, '').replace(/\.br$/, ''), (await stat(join(site, path))).size])));
}

function missing(name) {
  throw new Error(`${name} is not in ${site}: run scripts/site first`);
}
