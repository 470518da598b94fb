/**
 * What a page must remember to come back after a reload: the tab's own memory, gone with the tab.
 *
 * @typedef {object} RememberedSession
 * @property {string} token the invitation
 * @property {string} [resume] the resume token
 * @property {number} [resumeUntil] milliseconds since 1970, as far as we know
 * @property {{camera?: string, microphone?: string, speaker?: string}} [devices]
 */

const KEY = "visavis.session";

/** A memory in `sessionStorage`, or in this object alone where storage is forbidden. */
export class SessionStore {
  /** @type {RememberedSession | null} */ #value = null;

  constructor() {
    try {
      this.#value = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    } catch {
      this.#value = null;
    }
  }

  get value() {
    return this.#value;
  }

  /** @param {Partial<RememberedSession>} change */
  update(change) {
    this.#value = { ...(this.#value ?? { token: "" }), ...change };
    this.#write();
  }

  /** Forgets the place in the consultation; the invitation stays, so that one may come back. */
  forgetPlace() {
    if (!this.#value) return;
    const { resume: _resume, resumeUntil: _until, ...rest } = this.#value;
    this.#value = rest;
    this.#write();
  }

  clear() {
    this.#value = null;
    this.#write();
  }

  #write() {
    try {
      if (this.#value) sessionStorage.setItem(KEY, JSON.stringify(this.#value));
      else sessionStorage.removeItem(KEY);
    } catch {
      // Private modes may forbid storage: a reload then starts anew.
    }
  }
}
