// The few helpers that everything visible is built with.

/** Sets a text only if it changes, because screen readers announce every setting. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Creates an element from constant markup, which must contain nothing from outside. */
export function made<E extends Element = HTMLElement>(markup: string): E {
  const template = document.createElement('template');
  template.innerHTML = markup;
  return template.content.firstElementChild as E;
}

/** Finds a descendant that is known to exist. */
export function part<E extends Element = HTMLElement>(root: ParentNode, selector: string): E {
  return root.querySelector(selector) as E;
}

/** Lines on a grid of 24 by 24. */
const ICONS = {
  play: 'M8 5.5v13l10.5-6.5z',
  pause: 'M9 6v12M15 6v12',
  sound: 'M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11',
  muted: 'M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM16 9.5l5 5M21 9.5l-5 5',
  grow: 'M5 9.5V5h4.5M14.5 5H19v4.5M19 14.5V19h-4.5M9.5 19H5v-4.5',
  shrink: 'M9.5 5v4.5H5M19 9.5h-4.5V5M14.5 19v-4.5H19M5 14.5h4.5V19',
  window: 'M4 6h16v12H4zM12.5 12H17v3.5h-4.5z',
} as const;

export type Icon = keyof typeof ICONS;

/** The markup of an icon in the colour of the text. */
export function icon(name: Icon): string {
  return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

/** Adds a style to a shadow root without an inline `<style>`, which a content security policy may forbid. */
export function adopt(root: ShadowRoot, css: string): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch {
    root.append(made(`<style>${css}</style>`)); // Safari before 16.4
  }
}
