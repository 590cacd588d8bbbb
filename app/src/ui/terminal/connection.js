// One terminal over a WebSocket that may break: opened, resumed where it was left, and what becomes of it told.

/** Milliseconds before each further try. The last is repeated, until all together were two minutes. */
const PAUSES = [500, 1000, 2000, 4000, 8000];
const TRIES = 18;
/** How long a server may take to answer at all, in milliseconds. */
const PATIENCE = 10_000;
/** The most that goes into one message, in bytes. */
const PIECE = 16_384;
/** The server's code for closing a terminal that went on in another window. */
const TAKEN_OVER = 4000;

export class Connection {
  #url;
  #remembered;
  #screen;
  #tell;
  #socket;
  #patience;
  #retry;
  #tries = 0;
  /** Whether a socket was ever opened: where none was, something on the way may not let WebSockets through. */
  #reached = false;
  /** Whether the terminal is behind the socket. */
  #opened = false;
  /** Bytes of output that came, and how many of them are not drawn yet. */
  #received = 0;
  #waiting = 0;
  /** Whether what comes was here before, and what it asked the terminal answered then: until all of it is drawn. */
  #replayed = false;

  /** `tell(state, words)` hears how it is: one of the states in `terminal.js`. */
  constructor(environment, screen, tell) {
    this.#url = `${location.origin.replace(/^http/, 'ws')}/api/v1/environments/${environment}/terminal`;
    this.#remembered = `berth.terminal.${environment}`;
    this.#screen = screen;
    this.#tell = tell;
    addEventListener('offline', () => this.#opened && this.#lose());
    addEventListener('online', () => this.#tries > 0 && this.#connect());
  }

  /** Begins, or goes on with the terminal of this browser tab. */
  open() {
    this.#tries = 0;
    this.#tell('connecting');
    this.#connect();
  }

  /** `answer`: by the terminal itself, to what a program asked it. */
  send(bytes, answer) {
    if (!this.#opened || (answer && this.#replayed)) return;
    for (let at = 0; at < bytes.length; at += PIECE) this.#socket.send(bytes.subarray(at, at + PIECE));
  }

  resize() {
    if (this.#opened) this.#say({ resize: this.#screen.size });
  }

  #connect() {
    this.#leave();
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      clearTimeout(this.#patience);
      this.#reached = true;
      this.#say(this.#greeting());
    };
    socket.onmessage = ({ data }) => (typeof data === 'string' ? this.#hear(JSON.parse(data)) : this.#take(new Uint8Array(data)));
    socket.onclose = ({ code }) => (code === TAKEN_OVER ? this.#finish('taken') : this.#lose());
    this.#socket = socket;
    this.#patience = setTimeout(() => this.#lose(), PATIENCE);
  }

  #greeting() {
    const terminal = sessionStorage.getItem(this.#remembered);
    if (terminal) return { resume: { terminal, received: this.#received, ...this.#screen.size } };
    return { open: this.#screen.size };
  }

  #say(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #hear({ opened, ended }) {
    if (opened) this.#begin(opened);
    if (ended) {
      sessionStorage.removeItem(this.#remembered);
      this.#received = 0;
      this.#finish('ended', ended.reason);
    }
  }

  #begin({ terminal, from }) {
    const resumed = sessionStorage.getItem(this.#remembered) === terminal;
    const lost = from > this.#received;
    this.#replayed = resumed && (this.#received === 0 || from < this.#received);
    if (!resumed || from !== this.#received) this.#screen.reset();
    this.#received = from;
    sessionStorage.setItem(this.#remembered, terminal);
    this.#opened = true;
    this.#tries = 0;
    this.#tell('connected', lost ? 'Connected. Some of the earlier output is gone.' : undefined);
  }

  #take(bytes) {
    this.#received += bytes.length;
    this.#waiting += bytes.length;
    this.#screen.write(bytes, () => {
      this.#waiting -= bytes.length;
      if (this.#waiting === 0) this.#replayed = false;
    });
  }

  #lose() {
    this.#leave();
    if (this.#tries === TRIES) return this.#finish(this.#reached ? 'away' : 'refused');
    this.#retry = setTimeout(() => this.#connect(), PAUSES[Math.min(this.#tries, PAUSES.length - 1)]);
    this.#tries += 1;
    this.#tell(this.#reached ? 'lost' : 'unreached');
  }

  #finish(state, words) {
    this.#leave();
    this.#tries = 0;
    this.#tell(state, words);
  }

  /** From here on nothing is heard of the socket, nor tried again. */
  #leave() {
    clearTimeout(this.#patience);
    clearTimeout(this.#retry);
    this.#opened = false;
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
