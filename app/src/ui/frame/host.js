// The host's line in the top bar, and the banner that says that its engine does not answer.

/** How long a stream may take to open before the line says that it has not: milliseconds. */
const PATIENCE = 1500;

export class Host {
  #line;
  #banner;
  /** `live` or `lost`: what the server last said of the engine. */
  #link;
  #patience;

  constructor(line, banner) {
    this.#line = line;
    this.#banner = banner;
    this.#link = line.querySelector('[data-when]:not([hidden])')?.dataset.when;
    this.#patience = setTimeout(() => this.#word('connecting'), PATIENCE);
  }

  connected() {
    clearTimeout(this.#patience);
    this.#word(this.#link);
  }

  interrupted() {
    clearTimeout(this.#patience);
    this.#word('reconnecting');
  }

  show({ name, version, link }) {
    this.#link = link.state;
    this.#line.querySelector('.name').textContent = name;
    this.#line.querySelector('.version').textContent = version && `Engine ${version}`;
    this.#word(link.state);
    this.#banner.hidden = link.state !== 'lost';
    if (this.#banner.hidden) return;
    const since = new Date(link.since);
    const day = since.toDateString() === new Date().toDateString() ? {} : { month: 'short', day: 'numeric' };
    const time = this.#banner.querySelector('time');
    time.dateTime = link.since;
    time.textContent = since.toLocaleString(undefined, { ...day, hour: 'numeric', minute: '2-digit' });
    this.#banner.querySelector('[data-is="name"]').textContent = name;
    this.#banner.querySelector('[data-is="reason"]').textContent = link.reason;
  }

  #word(word) {
    for (const part of this.#line.querySelectorAll('[data-when]')) part.hidden = part.dataset.when !== word;
  }
}
