// What a terminal shows and what is typed into it: xterm.js, as large as its place and in the page's colours.
/*!
 * xterm.js (https://github.com/xtermjs/xterm.js) and its parts from Visual Studio Code, Copyright (c) Microsoft Corporation,
 * are under the MIT License, whose text is in terminal.css.
 */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { underPolicy } from './policy.js';

const LINES_KEPT = 5000;
/** How long a size must last before the shell hears of it, in milliseconds. */
const SETTLED = 100;
/** Where it is remembered that the output is read aloud. */
const ALOUD = 'berth.aloud';

const shades = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const marks = ['background', 'foreground', 'cursor', 'cursorAccent', 'selectionBackground', 'selectionForeground', 'selectionInactiveBackground'];
const sliders = ['scrollbarSliderBackground', 'scrollbarSliderHoverBackground', 'scrollbarSliderActiveBackground'];
/** The colours as xterm.js names them; `style/terminal.css` has `--bright-red` for `brightRed`. */
const colours = [...marks, ...sliders, ...shades, ...shades.map((shade) => `bright${shade[0].toUpperCase()}${shade.slice(1)}`)];

/** What a terminal says by itself to a program that asked: where the cursor is, what it can do, which colours it has. */
const answer = /^\x1b(\[[?>=]?[\d;]*([cnRy]|\$y)|[\]P])/;

export class Screen {
  #place;
  #terminal;
  #fit = new FitAddon();

  /** In `place`. `on`: `typed(bytes, answer)`, `resized()`, and `left()` when the keyboard wants to go elsewhere. */
  constructor(place, on) {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#place = place;
    this.#terminal = new Terminal({
      cursorBlink: !still,
      disableStdin: true,
      lineHeight: 1.2,
      minimumContrastRatio: 4.5,
      scrollback: LINES_KEPT,
    });
    this.#paint();
    this.#terminal.loadAddon(this.#fit);
    underPolicy();
    this.#terminal.open(place);
    this.#name();
    this.#fit.fit();
    this.#follow();
    this.#listen(on);
  }

  get size() {
    const { cols, rows } = this.#terminal;
    return { cols, rows };
  }

  write(bytes, drawn) {
    this.#terminal.write(bytes, drawn);
  }

  /** After all that was written before. */
  reset() {
    this.#terminal.write('\x1bc');
  }

  focus() {
    this.#terminal.focus();
  }

  hasFocus() {
    return this.#place.contains(document.activeElement);
  }

  /** Whether what is typed goes anywhere. */
  set open(open) {
    this.#terminal.options.disableStdin = !open;
  }

  /** Types what a key would. */
  type(text) {
    this.#terminal.input(text);
  }

  /** How programs want the arrows: `\x1b[A`, or in their own mode `\x1bOA`. */
  arrow(letter) {
    return this.#terminal.modes.applicationCursorKeysMode ? `\x1bO${letter}` : `\x1b[${letter}`;
  }

  /** The output read aloud or not, as a box says that is checked. */
  readAloudBy(box) {
    const heed = () => (this.#terminal.options.screenReaderMode = box.checked);
    box.checked = localStorage.getItem(ALOUD) === 'true';
    heed();
    box.addEventListener('change', () => {
      heed();
      localStorage.setItem(ALOUD, box.checked);
    });
  }

  #name() {
    const { label, hint } = this.#place.dataset;
    this.#terminal.textarea.setAttribute('aria-label', label);
    this.#terminal.textarea.setAttribute('aria-describedby', hint);
  }

  /** The page's colours and letters. */
  #paint() {
    const probe = this.#place.appendChild(document.createElement('span'));
    const seen = (name) => {
      probe.style.color = `var(--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)})`;
      return getComputedStyle(probe).color;
    };
    this.#terminal.options.theme = Object.fromEntries(colours.map((name) => [name, seen(name)]));
    probe.remove();
    const { fontFamily, fontSize } = getComputedStyle(this.#place);
    this.#terminal.options.fontFamily = fontFamily;
    this.#terminal.options.fontSize = parseFloat(fontSize);
  }

  /** The page's size and looks, whenever they change. */
  #follow() {
    let settled;
    new ResizeObserver(() => {
      clearTimeout(settled);
      settled = setTimeout(() => this.#fit.fit(), SETTLED);
    }).observe(this.#place);
    const repaint = () => {
      this.#paint();
      this.#fit.fit();
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
    const chosen = new MutationObserver(repaint);
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme', 'data-density'] });
  }

  #listen(on) {
    const encoder = new TextEncoder();
    this.#terminal.onData((text) => on.typed(encoder.encode(text), answer.test(text)));
    this.#terminal.onBinary((text) => on.typed(Uint8Array.from(text, (letter) => letter.charCodeAt(0)), false));
    this.#terminal.onResize(on.resized);
    this.#terminal.attachCustomKeyEventHandler((event) => this.#passes(event, on.left));
  }

  /** Whether a key is the shell's; else it is ours, or the browser's own. */
  #passes(event, left) {
    const { code, ctrlKey, shiftKey, altKey, metaKey, type } = event;
    const held = [ctrlKey && 'Ctrl', shiftKey && 'Shift', altKey && 'Alt', metaKey && 'Meta', code].filter(Boolean).join('+');
    const ours = { F6: left, 'Ctrl+Shift+KeyC': () => this.#copy() }[held];
    if (ours) event.preventDefault();
    if (ours && type === 'keydown') ours();
    return !ours && held !== 'Ctrl+Shift+KeyV';
  }

  /** Where the browser has no clipboard for scripts, which is so without TLS, it is told to copy as its own menu would. */
  #copy() {
    const { textarea } = this.#terminal;
    const text = this.#terminal.getSelection();
    if (!text) return;
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    textarea.value = text;
    textarea.select();
    document.execCommand('copy');
    textarea.value = '';
  }
}
