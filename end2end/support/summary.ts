// The closing line of a run.
import type { FullResult, Reporter, Suite } from '@playwright/test/reporter';

export default class Summary implements Reporter {
  private suite?: Suite;
  private errors = 0;

  onBegin(_: unknown, suite: Suite) {
    this.suite = suite;
  }

  onError() {
    this.errors += 1;
  }

  onEnd(result: FullResult) {
    const tests = this.suite?.allTests() ?? [];
    const passed = tests.filter((test) => test.outcome() === 'expected' && test.results.length > 0 && test.expectedStatus !== 'skipped');
    const failed = tests.filter((test) => test.outcome() === 'unexpected');
    // Once more and in short, since the whole of it may be far above by now.
    for (const test of failed) {
      const message = test.results.flatMap((run) => run.errors).map((error) => error.message ?? error.value ?? 'no word');
      console.log(`\n✗ ${test.titlePath().filter(Boolean).join(' › ')}\n${message.join('\n').slice(0, 1500)}`);
    }
    const beside = this.errors > 0 ? `, ${this.errors} errors beside them` : '';
    console.log(`\n${passed.length} passed, ${failed.length} failed${beside} (journeys, ${(result.duration / 1000).toFixed(0)} s)`);
  }
}
