/** Keeps the screen of a phone lit during a consultation, where the browser can. */
export class WakeLock {
  /** @type {WakeLockSentinel | null} */ #sentinel = null;
  #wanted = false;

  constructor() {
    // The lock is lost whenever the page is hidden.
    document.addEventListener("visibilitychange", () => this.#acquire());
  }

  hold() {
    this.#wanted = true;
    this.#acquire();
  }

  release() {
    this.#wanted = false;
    this.#sentinel?.release().catch(() => {});
    this.#sentinel = null;
  }

  async #acquire() {
    if (!this.#wanted || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    try {
      this.#sentinel = await navigator.wakeLock.request("screen");
    } catch {
      // Low battery, or a policy: the consultation works all the same.
    }
  }
}
