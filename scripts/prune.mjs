// Empties functions of the browser code that the framework keeps at hand and no page of ours calls, so that wasm-opt removes
// them and what only they used. Were one called after all, the page would stop there: the journeys run on this code.
//   node scripts/prune.mjs FILE.wasm
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

// How a view comes to life on a route whose code is loaded apart: ours is one file. Each type of view brings one along.
const unused = /::into_any::hydrate_async::({{closure}}::)?h[0-9a-f]{16}$/;

const [file] = process.argv.slice(2);
const code = binaryen.readBinary(readFileSync(file));
let emptied = 0;
for (let index = 0; index < code.getNumFunctions(); index++) {
  const pointer = code.getFunctionByIndex(index);
  if (!unused.test(binaryen.getFunctionInfo(pointer).name)) continue;
  binaryen.Function.setBody(pointer, code.unreachable());
  emptied += 1;
}
if (emptied === 0) throw new Error(`No function is named like ${unused} any more: look at scripts/prune.mjs again.`);
writeFileSync(file, code.emitBinary());
console.log(`${emptied} functions emptied`);
