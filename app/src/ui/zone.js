// Puts the times that the server wrote in UTC into the viewer's zone, once the page is read. Islands do so by themselves.
addEventListener('DOMContentLoaded', () => {
  const zone = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  for (const time of document.querySelectorAll('time[datetime]')) {
    if (time.closest('leptos-island')) continue;
    const local = zone.format(new Date(time.dateTime));
    if (time.title) time.title = local;
    if (time.textContent.endsWith('UTC')) time.textContent = local;
  }
});
