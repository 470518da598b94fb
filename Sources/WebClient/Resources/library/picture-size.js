/** Bits a second for each point of the picture that faces need to move. */
const NEED = 0.6;
/** Times that, for `PATIENCE` milliseconds, and a larger picture is tried. */
const AMPLE = 1.6;
const PATIENCE = 3_000;
/** Lines, or columns, of the smallest picture that is still worth sending. */
const SMALLEST = 180;

/**
 * How large a picture goes with the bits that its encoder is given. A browser lets pictures fall out before it makes them
 * smaller, for two seconds and more where a path has become narrow; and a keyframe of a large picture takes a second of
 * such a path. So the picture is made smaller at once, and larger again when there is room for that. At the beginning the
 * browser knows better: it chooses the first size by itself.
 */
export class PictureSize {
  #scale = 1;
  #hadEnough = false;
  /** @type {number | null} */ #ampleSince = null;

  /** How many times smaller than the camera makes it, in each direction. */
  get scale() {
    return this.#scale;
  }

  /**
   * A few times a second.
   * @param {object} look
   * @param {number} look.at milliseconds
   * @param {number} look.target what the encoder may spend, bits a second
   * @param {number} look.width of the camera
   * @param {number} look.height
   * @param {boolean} [look.isFixed] whether it is to be as large as the camera makes it
   * @returns {boolean} whether the scale has changed
   */
  look({ at, target, width, height, isFixed = false }) {
    const before = this.#scale;
    const need = (/** @type {number} */ scale) => (NEED * width * height) / scale ** 2;
    const isSmallest = () => Math.min(width, height) < 2 * this.#scale * SMALLEST;
    if (isFixed) this.#scale = 1;
    else if (target >= need(this.#scale)) this.#hadEnough = true;
    else if (this.#hadEnough) while (target < need(this.#scale) && !isSmallest()) this.#scale *= 2;
    if (this.#scale === 1 || target < AMPLE * need(this.#scale / 2)) {
      this.#ampleSince = null;
    } else if (at - (this.#ampleSince ??= at) >= PATIENCE) {
      this.#scale /= 2;
      this.#ampleSince = null;
    }
    return this.#scale !== before;
  }
}
