// How the journeys run: one after the other, in the system's Chromium where there is one.
import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const systemBrowser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

export default defineConfig({
  testDir: 'journeys',
  outputDir: 'results/traces',
  // One engine, one server, shared by all: what a journey launches, it removes.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  // For a machine that is slow: nothing here is proved by time.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['./support/summary.ts']],
  use: {
    viewport: { width: 1280, height: 800 },
    contextOptions: { reducedMotion: 'reduce' },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: systemBrowser,
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
});
