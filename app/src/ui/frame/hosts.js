// The hosts' line in the top bar, and the banners that say which engines do not answer.

/** How long a stream may take to open before the line says that it has not: milliseconds. */
const PATIENCE = 1500;

export class Hosts {
  #line;
  /** Of each host, by its name. */
  #banners;
  /** `live` or `lost`: what the server last said of the engines, all together. */
  #link;
  #patience;

  constructor(line, banners) {
    this.#line = line;
    this.#banners = new Map([...banners].map((banner) => [banner.dataset.host, banner]));
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

  /** A host that came with a new configuration is there after a reload. */
  show({ name, version, link }) {
    const banner = this.#banners.get(name);
    if (!banner) return;
    banner.hidden = link.state !== 'lost';
    const lost = [...this.#banners.keys()].filter((host) => !this.#banners.get(host).hidden);
    this.#link = lost.length ? 'lost' : 'live';
    this.#line.querySelector('.version').textContent = this.#banners.size > 1 ? lost.join(', ') : version && `Engine ${version}`;
    this.#word(this.#link);
    if (banner.hidden) return;
    const since = new Date(link.since);
    const day = since.toDateString() === new Date().toDateString() ? {} : { month: 'short', day: 'numeric' };
    const time = banner.querySelector('time');
    time.dateTime = link.since;
    time.textContent = since.toLocaleString(undefined, { ...day, hour: 'numeric', minute: '2-digit' });
    banner.querySelector('[data-is="reason"]').textContent = link.reason;
  }

  #word(word) {
    for (const part of this.#line.querySelectorAll('[data-when]')) part.hidden = part.dataset.when !== word;
  }
}
