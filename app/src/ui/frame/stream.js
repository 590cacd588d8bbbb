// One stream of the server's events, as long as somebody sees the page: browsers hold six connections to a server over
// HTTP/1.1, for all their tabs together.

/** Milliseconds before a stream that broke is opened again: the first time, and at the longest. */
const FIRST = 500;
const LONGEST = 30_000;

export class Stream {
  #url;
  #tell;
  #source;
  #retry;
  #pause = FIRST;
  isOpen = false;

  /** `tell` hears `opened()`, `broken()`, `changed(text)`, and with `served(path)` which bundle the server has now. */
  constructor(url, tell) {
    this.#url = url;
    this.#tell = tell;
  }

  begin() {
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#close() : this.#open()));
    addEventListener('online', () => !document.hidden && !this.isOpen && this.#open());
    if (!document.hidden) this.#open();
  }

  #open() {
    this.#close();
    const source = new EventSource(this.#url);
    source.onopen = () => {
      this.#pause = FIRST;
      this.isOpen = true;
      this.#tell.opened();
    };
    source.onmessage = ({ data }) => this.#tell.changed(data);
    source.addEventListener('bundle', ({ data }) => this.#tell.served(`/${data}/`));
    source.onerror = () => this.#lose();
    this.#source = source;
  }

  /** After a restart of the server its pages do not all come back in the same moment. */
  #lose() {
    this.#close();
    this.#tell.broken();
    this.#retry = setTimeout(() => this.#open(), this.#pause * (0.5 + Math.random()));
    this.#pause = Math.min(2 * this.#pause, LONGEST);
  }

  #close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
    this.isOpen = false;
  }
}
