/** Sizes change while a window is drawn larger: only what lasts this long is told. */
const SETTLING = 300;

/**
 * Measures the elements in which pictures are shown and tells the sizes, in pixels of the screen, so that the server
 * sends each picture as large as it is seen. A picture that nobody measures comes as large as it is.
 */
export class Views {
  /** @type {Map<Element, string>} element, publication */ #elements = new Map();
  /** @type {Map<string, string>} publication, what was told last */ #told = new Map();
  /** @type {ResizeObserver | null} */ #observer = null;
  /** @type {(publication: string, width: number, height: number) => void} */ #tell;
  #timer = 0;

  /** @param {(publication: string, width: number, height: number) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * @param {Element} element
   * @param {string | null} publication null: the element shows nothing any more
   */
  show(element, publication) {
    if (typeof ResizeObserver === "undefined") return;
    this.#observer ??= new ResizeObserver(() => this.#soon());
    if (publication) {
      this.#elements.set(element, publication);
      this.#observer.observe(element);
      this.#soon();
    } else if (this.#elements.delete(element)) {
      this.#observer.unobserve(element);
    }
  }

  /**
   * The server knows nothing of this publication's size any more.
   * @param {string} publication
   */
  forget(publication) {
    this.#told.delete(publication);
    this.#soon();
  }

  close() {
    clearTimeout(this.#timer);
    this.#observer?.disconnect();
    this.#elements.clear();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#measure(), SETTLING);
  }

  #measure() {
    /** @type {Map<string, {width: number, height: number}>} */
    const largest = new Map();
    for (const [element, publication] of this.#elements) {
      const { width, height } = element.getBoundingClientRect();
      const known = largest.get(publication);
      if (!known || width * height > known.width * known.height) largest.set(publication, { width, height });
    }
    const scale = window.devicePixelRatio || 1;
    for (const [publication, size] of largest) {
      const [width, height] = [size.width, size.height].map((side) => Math.min(16_384, Math.round(side * scale)));
      const text = `${width}x${height}`;
      // What was never seen is about to be: it is laid out when its first frame comes.
      if (width * height === 0 && !this.#told.has(publication)) continue;
      if (this.#told.get(publication) === text) continue;
      this.#told.set(publication, text);
      this.#tell(publication, width, height);
    }
  }
}
