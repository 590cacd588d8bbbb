// What is alive on every page: the stream of changes, the host's line, what is said over the page, and forms that are sent once.
//
// Islands are the only readers of what changes in environments; they hear of it by events of the document (app/src/ui/live.rs).
import { sendOnce } from './frame/forms.js';
import { Hosts } from './frame/hosts.js';
import { Notices } from './frame/notices.js';
import { Stream } from './frame/stream.js';
import { dismissTips } from './frame/tips.js';

/** Where this script came from: `/pkg/HASH/`. */
const bundle = new URL('.', import.meta.url).pathname;
const tell = (event, detail) => document.dispatchEvent(new CustomEvent(`berth:${event}`, { detail }));
const hear = (event, act) => document.addEventListener(`berth:${event}`, ({ detail }) => act(...detail));

sendOnce();
// A refused form comes back with why: that is where one goes on, and what is read out.
document.querySelector('main #refusal')?.focus();
dismissTips();
const hosts = document.querySelector('.top .host');
if (hosts) {
  const notices = new Notices(document.querySelector('.notices'));
  const line = new Hosts(hosts, document.querySelectorAll('.banner'));
  const stream = new Stream('/live', {
    // What happened before the stream was there, nobody told.
    opened: () => {
      line.connected();
      tell('open');
    },
    broken: () => line.interrupted(),
    changed: (text) => {
      const change = JSON.parse(text);
      if (change.host) line.show(change.host);
      else tell('change', text);
    },
    served: (now) => notices.updated(now !== bundle),
  });
  hear('failed', (title, words, way) => notices.failed(title, words, way));
  hear('stale', (title, way) => notices.stale(title, way));
  hear('say', (words) => notices.say(words));
  // Islands wake up when the stream may have been there for a while.
  hear('awake', () => stream.isOpen && tell('open'));
  stream.begin();
}
