/** Keeps the screen of a phone lit during a consultation, where the browser can. */
export class WakeLock {
  /** @type {WakeLockSentinel | null} */ #sentinel = null;

  hold() {
    // The browser takes the lock away whenever the page is hidden.
    document.addEventListener("visibilitychange", this.#acquire);
    this.#acquire();
  }

  release() {
    document.removeEventListener("visibilitychange", this.#acquire);
    this.#sentinel?.release().catch(() => {});
    this.#sentinel = null;
  }

  #acquire = async () => {
    if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    try {
      this.#sentinel = await navigator.wakeLock.request("screen");
    } catch {
      // Low battery, or a policy: the consultation works all the same.
    }
  };
}
