/** Small helpers for making and finding elements. */

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element ${id}`);
  return element as T;
}

type Attributes = Record<string, string | number | boolean | undefined>;

/** Makes an element. An attribute that is false or undefined is left out, one that is true is empty. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

export function makeSvg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) {
      element.removeAttribute(name);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
}

export type Mark = 'exact' | 'observed' | 'simulated';

/** The word that says how a number was found. */
export function mark(kind: Mark, also = ''): HTMLElement {
  return make('span', { class: `mark ${kind} ${also}`.trim() }, kind);
}

/** Calls `render` in the next frame, however often it is asked to before. */
export function oncePerFrame(render: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      render();
    });
  };
}

/** Shows `texts` as the choices of a list, and keeps the choice if it is still there. */
export function setChoices(select: HTMLSelectElement, texts: readonly string[]): void {
  const chosen = select.value;
  select.replaceChildren(...texts.map((text, i) => make('option', { value: i }, text)));
  if (texts[Number(chosen)] !== undefined && chosen !== '') select.value = chosen;
}
