/** @import { SessionStore } from "../library/session-store.js" */

/**
 * What a token says of itself. It is for showing only: the server alone judges it.
 * @typedef {object} Claims
 * @property {string} [role]
 * @property {string} [name]
 * @property {number} [nbf] seconds since 1970
 * @property {number} [exp] seconds since 1970
 */

/**
 * The token of the link (`/join#TOKEN`), taken out of the address bar so that it is neither seen, copied nor kept in
 * the history; a reload finds it in the memory of the tab.
 * @param {SessionStore} store
 * @returns {string} empty when there is none
 */
export function takeToken(store) {
  const fragment = decodeURIComponent(location.hash.slice(1)).trim();
  if (fragment) {
    if (store.value?.token !== fragment) store.clear();
    store.update({ token: fragment });
    history.replaceState(null, "", location.pathname + location.search);
  }
  return store.value?.token ?? "";
}

/**
 * @param {string} token
 * @returns {Claims}
 */
export function readClaims(token) {
  try {
    const payload = token.split(".")[1] ?? "";
    const binary = atob(payload.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === "object" ? claims : {};
  } catch {
    return {};
  }
}

/** Whether this role sends picture and sound. */
export const publishes = (/** @type {string | undefined} */ role) => role !== "observer" && role !== "ops";

/** Whether this role may show a screen. */
export const showsScreen = (/** @type {string | undefined} */ role) =>
  ["patient", "physician", "expert", "loadtest"].includes(role ?? "");
