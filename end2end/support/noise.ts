// What a browser complains about while a journey runs: it must be nothing, save what the journey announced.
import type { BrowserContext } from '@playwright/test';

export class Noise {
  private readonly heard: string[] = [];
  private readonly announced: RegExp[] = [];

  /** A complaint that belongs to what the journey shows, such as the 404 of a page that must not be there. */
  announce(...complaints: RegExp[]) {
    this.announced.push(...complaints);
  }

  listen(context: BrowserContext) {
    context.on('console', (message) => this.heard.push(`console ${message.type()}: ${message.text()} (${message.location().url})`));
    context.on('weberror', (error) => this.heard.push(`page error: ${error.error().stack ?? error.error().message}`));
    context.on('response', (response) => {
      if (response.status() >= 400) this.heard.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    context.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? 'failed';
      // The browser's own doing: a page was left or closed while a stream was open.
      if (reason !== 'net::ERR_ABORTED') this.heard.push(`${reason} ${request.method()} ${request.url()}`);
    });
  }

  unannounced(): string[] {
    return this.heard.filter((complaint) => !this.announced.some((expected) => expected.test(complaint)));
  }
}
