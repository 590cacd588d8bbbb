// The keys that the keyboard of a phone lacks.

const sequences = { Escape: () => '\x1b', Tab: () => '\t' };
const arrows = { ArrowUp: 'A', ArrowDown: 'B', ArrowRight: 'C', ArrowLeft: 'D' };

export class Keys {
  #control;

  /** `row` holds a button for each; what they type goes to `screen`. */
  constructor(row, screen) {
    this.#control = row.querySelector('[data-key="Control"]');
    // So that the focus stays in the terminal, and the phone's keyboard with it.
    row.addEventListener('pointerdown', (event) => event.preventDefault());
    row.addEventListener('click', ({ target }) => {
      const { key } = target.closest('[data-key]')?.dataset ?? {};
      if (key === 'Control') this.#hold(!this.#held);
      else if (key in arrows) screen.type(screen.arrow(arrows[key]));
      else if (key in sequences) screen.type(sequences[key]());
    });
  }

  /** What was typed, with Ctrl where that is held: once. */
  with(bytes) {
    if (!this.#held || bytes.length !== 1) return bytes;
    this.#hold(false);
    return bytes.map((byte) => byte & 0x1f);
  }

  get #held() {
    return this.#control.getAttribute('aria-pressed') === 'true';
  }

  #hold(held) {
    this.#control.setAttribute('aria-pressed', held);
  }
}
