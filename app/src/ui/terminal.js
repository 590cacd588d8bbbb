// The terminal of one environment: the screen, the connection behind it, and the bar that says how it is.
import '../../../style/terminal.css';
import { Connection } from './terminal/connection.js';
import { Keys } from './terminal/keys.js';
import { Screen } from './terminal/screen.js';

/** What the bar shows of each state, and what its button says then. */
const states = {
  connecting: { tone: 'busy', icon: 'busy', words: 'Connecting…' },
  connected: { tone: 'ok', icon: 'running', words: 'Connected' },
  lost: { tone: 'warn', icon: 'lost', words: 'Connection lost. Trying again…' },
  unreached: { tone: 'warn', icon: 'lost', words: 'Cannot connect. Trying again…' },
  refused: { tone: 'bad', icon: 'lost', words: 'The terminal could not be opened. A proxy on the way may not pass WebSockets.', button: 'Connect again' },
  away: { tone: 'bad', icon: 'lost', words: 'Connection lost. The shell may still be there.', button: 'Connect again' },
  taken: { tone: 'off', icon: 'open', words: 'This terminal is open in another window.', button: 'Use it here' },
  ended: { tone: 'off', icon: 'stopped', words: 'The terminal ended.', button: 'Open again' },
};

const box = document.querySelector('.terminal');
const bar = box.querySelector('.about');
const words = bar.querySelector('[role="status"]');
const again = bar.querySelector('.again');

const screen = new Screen(box.querySelector('.screen'), {
  typed: (bytes, answer) => connection.send(answer ? bytes : keys.with(bytes), answer),
  resized: () => connection.resize(),
  left: () => bar.focus(),
});
const keys = new Keys(box.querySelector('.keys'), screen);
const connection = new Connection(box.dataset.environment, screen, show);

function show(state, said = states[state].words) {
  const { tone, icon, button } = states[state];
  const here = document.activeElement;
  bar.className = `about ${tone}`;
  bar.querySelector('use').setAttribute('href', `/icons.svg#${icon}`);
  // Said once, however often it is tried.
  if (words.textContent !== said) words.textContent = said;
  again.textContent = button ?? '';
  again.hidden = !button;
  screen.open = state === 'connected';
  // The focus goes where one goes on, unless it is elsewhere on the page.
  if (state === 'connected' && (here === bar || here === document.body)) screen.focus();
  if (button && (here === bar || screen.hasFocus())) again.focus();
}

/** The keyboard of a phone lies over the page and makes it no smaller. */
function heedKeyboard({ currentTarget: { height, scale } }) {
  if (scale === 1) box.parentElement.style.setProperty('--visible', `${height}px`);
}

visualViewport.addEventListener('resize', heedKeyboard);
again.addEventListener('click', () => {
  bar.focus();
  connection.open();
});
bar.addEventListener('keydown', (event) => {
  if (event.key !== 'F6') return;
  event.preventDefault();
  screen.focus();
});
screen.readAloudBy(bar.querySelector('input'));
connection.open();
