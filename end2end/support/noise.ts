// What a browser complains about while a journey runs: it must be nothing, save what the journey announced.
import type { BrowserContext } from '@playwright/test';

/**
 * The browser's own doings: a page was left or closed while a stream was open; or the engine gave a container its network
 * interface on this machine, and the browser dropped what was under way. Then the page's stream opens anew, and asks again.
 */
const ownDoings = /^(net::ERR_ABORTED|net::ERR_NETWORK_CHANGED)$/;

export class Noise {
  private readonly heard: string[] = [];
  private readonly announced: RegExp[] = [];

  /** A complaint that belongs to what the journey shows, such as the 404 of a page that must not be there. */
  announce(...complaints: RegExp[]) {
    this.announced.push(...complaints);
  }

  listen(context: BrowserContext) {
    context.on('console', (message) => {
      if (!message.text().endsWith('net::ERR_NETWORK_CHANGED')) {
        this.heard.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', (error) => this.heard.push(`page error: ${error.error().stack ?? error.error().message}`));
    context.on('response', (response) => {
      if (response.status() >= 400) this.heard.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    context.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? 'failed';
      if (!ownDoings.test(reason)) this.heard.push(`${reason} ${request.method()} ${request.url()}`);
    });
  }

  unannounced(): string[] {
    return this.heard.filter((complaint) => !this.announced.some((expected) => expected.test(complaint)));
  }
}
