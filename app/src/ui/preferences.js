// How the pages look on this browser: there before anything is painted, so that nothing flashes, and remembered when chosen.
{
  const root = document.documentElement.dataset;
  const stored = (name, value) => {
    try {
      return value === undefined ? localStorage.getItem(`berth.${name}`) : localStorage.setItem(`berth.${name}`, value);
    } catch {
      return null;
    }
  };
  const names = ['theme', 'density'];
  for (const name of names) root[name] = stored(name) ?? '';
  addEventListener('DOMContentLoaded', () => {
    for (const name of names) {
      const chosen = document.querySelector(`input[name="${name}"][value="${root[name]}"]`);
      if (chosen) chosen.checked = true;
    }
    // On a phone the way to the page that is shown may be beyond the edge.
    const here = document.querySelector('.rail [aria-current]');
    if (here) here.parentElement.scrollLeft = here.offsetLeft - (innerWidth - here.offsetWidth) / 2;
  });
  addEventListener('change', ({ target: { name, value } }) => {
    if (!names.includes(name)) return;
    root[name] = value;
    stored(name, value);
  });
}
