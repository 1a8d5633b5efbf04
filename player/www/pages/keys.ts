// The keyboard shortcuts of a page with one player.

/** The actions by KeyboardEvent.key in lower case. While a key is held down, only arrows repeat. */
export function keys(actions: Record<string, () => void>): void {
  addEventListener('keydown', (event) => {
    const key = event.key.toLowerCase();
    const target = event.composedPath()[0];
    const action = actions[key];
    if (!action || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (target instanceof HTMLInputElement && (target.type !== 'range' || key.startsWith('arrow'))) return;
    if (target instanceof HTMLButtonElement && key === ' ') return; // the space bar presses that button
    event.preventDefault();
    if (!event.repeat || key.startsWith('arrow')) action();
  });
}
