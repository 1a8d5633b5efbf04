// Finds the elements of a page, and creates those of its lists.

type Attributes = Record<string, string>;

/** Finds an element that the page is known to have. */
export const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** Creates an element with attributes and children. Text is never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
