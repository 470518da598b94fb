import { html } from "./elements.js";

const VIEWS = /** @type {const} */ (["message", "preview", "call"]);

/**
 * Shows one of the three views and moves the focus to its heading, so that a screen reader reads on from there.
 * @param {typeof VIEWS[number]} view
 */
export function showView(view) {
  for (const name of VIEWS) html(name).hidden = name !== view;
  document.body.dataset.view = view;
  for (const id of ["connection", "people-button"]) html(id).hidden = view !== "call";
  html(`${view}-heading`).focus({ preventScroll: true });
  window.scrollTo(0, 0);
}
