/**
 * The element of the page with this id; the pages and their modules are written together, so it is there.
 * @template {Element} E
 * @param {string} id
 * @param {new (...args: any[]) => E} type
 * @returns {E}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`#${id} is not a ${type.name}`);
  return found;
}

/** @param {string} id */
export const html = (id) => element(id, HTMLElement);
/** @param {string} id */
export const button = (id) => element(id, HTMLButtonElement);
/** @param {string} id */
export const video = (id) => element(id, HTMLVideoElement);
/** @param {string} id */
export const dialog = (id) => element(id, HTMLDialogElement);

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {{class?: string, text?: string}} [options]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function create(name, options = {}, children = []) {
  const made = document.createElement(name);
  if (options.class) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  made.append(...children);
  return made;
}

/**
 * @param {string} name of a symbol of the page
 * @param {string} [classes]
 */
export function icon(name, classes = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `icon ${classes}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * @param {Element} container
 * @param {string} name
 */
export function setIcon(container, name) {
  container.querySelector("use")?.setAttribute("href", `#icon-${name}`);
}
