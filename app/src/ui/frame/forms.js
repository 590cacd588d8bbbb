// A form that a browser sends by itself is sent once: a second click while the answer is on its way would be a second change.

export function sendOnce() {
  const sent = new Set();
  addEventListener('submit', (event) => {
    const form = event.target;
    if (form.method !== 'post') return;
    if (sent.has(form)) return event.preventDefault();
    // An island that sends a form itself says so while the event is under way.
    setTimeout(() => {
      if (event.defaultPrevented) return;
      sent.add(form);
      event.submitter?.setAttribute('aria-busy', 'true');
    });
  });
  // Back on a page that the browser has kept, it can be sent again.
  addEventListener('pageshow', () => {
    for (const form of sent) for (const button of form.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
    sent.clear();
  });
}
