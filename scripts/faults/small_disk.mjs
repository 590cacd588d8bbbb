// A small disk in memory, which can be filled to the last byte.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Room for the database, its log, and some growth. */
const size = '12m';

export class SmallDisk {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'berth-disk-'));
    this.ballast = join(this.folder, 'ballast');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'berth-soak', this.folder]);
  }

  /** Leaves not one byte. */
  fill() {
    const file = openSync(this.ballast, 'a');
    for (const bytes of [2 ** 20, 4096, 1]) {
      const block = Buffer.alloc(bytes);
      try {
        for (;;) writeSync(file, block);
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      }
    }
    closeSync(file);
  }

  free() {
    rmSync(this.ballast);
  }

  remove() {
    execFileSync('umount', ['--lazy', this.folder]);
    rmdirSync(this.folder);
  }
}
