// What was refused and why, over the page until it is dismissed; and what is said to those who do not see.

/** The newest that stay. */
const SHOWN = 3;

export class Notices {
  #told;
  #said;
  #blueprint;
  #stale;
  #updated;

  constructor(board) {
    this.#told = board.querySelector('.told');
    this.#said = document.getElementById('said');
    this.#blueprint = document.getElementById('notice').content.firstElementChild;
  }

  /** `way`: what can be done about it, by the name of a link in the blueprint; empty where there is nothing. */
  failed(title, words, way) {
    const failed = [...this.#told.querySelectorAll('.bad')];
    for (const old of failed.slice(0, Math.max(0, failed.length + 1 - SHOWN))) old.remove();
    this.#show('bad', title, words, way);
  }

  /** What is shown could not be asked for again; without a title it could. Dismissed, it comes back when it went well between. */
  stale(title, way) {
    if (!title) this.#stale = this.#stale?.remove();
    else this.#stale ??= this.#show('warn', title, 'What you see may be out of date. What you typed is kept.', way);
  }

  /** Whether the server has another version of the pages than this one. */
  updated(is) {
    if (is) this.#updated ??= this.#show('warn', 'Berth was updated', 'Reload the page to use the new version. Until then, what you typed stays here.', 'reload');
  }

  /** The same words twice are said twice. */
  say(words) {
    this.#said.textContent = '';
    setTimeout(() => (this.#said.textContent = words), 50);
  }

  #show(tone, title, words, way) {
    const card = this.#blueprint.cloneNode(true);
    card.classList.add(tone);
    card.querySelector('strong').textContent = title;
    card.querySelector('p').textContent = words;
    for (const link of card.querySelectorAll('[data-way]')) {
      if (link.dataset.way !== way) link.remove();
      else if (way === 'sign-in') link.href = `/sign-in?return_to=${encodeURIComponent(location.pathname + location.search)}`;
    }
    card.querySelector('button').addEventListener('click', () => this.#dismiss(card));
    this.#told.append(card);
    return card;
  }

  /** The focus goes to what is there still. */
  #dismiss(card) {
    const next = card.nextElementSibling ?? card.previousElementSibling;
    card.remove();
    (next?.querySelector('button') ?? document.querySelector('h1') ?? document.getElementById('main')).focus();
  }
}
