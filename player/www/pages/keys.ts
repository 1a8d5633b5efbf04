// The keyboard of a page that is one player.

/** What each key does, by KeyboardEvent.key in lower case. Held down, only arrows go on. */
export function keys(actions: Record<string, () => void>): void {
  addEventListener('keydown', (event) => {
    const key = event.key.toLowerCase();
    const target = event.composedPath()[0];
    const action = actions[key];
    if (!action || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (target instanceof HTMLInputElement && (target.type !== 'range' || key.startsWith('arrow'))) return;
    if (target instanceof HTMLButtonElement && key === ' ') return; // it presses that button
    event.preventDefault();
    if (!event.repeat || key.startsWith('arrow')) action();
  });
}
