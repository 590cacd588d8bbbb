// What an icon or a disabled button says of itself goes away with Escape, and comes back with the next focus or pointer.

export function dismissTips() {
  const { dataset } = document.documentElement;
  addEventListener('keydown', ({ key }) => key === 'Escape' && (dataset.tips = 'dismissed'));
  for (const elsewhere of ['focusin', 'pointerover']) addEventListener(elsewhere, () => delete dataset.tips);
}
