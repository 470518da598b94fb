/** @import { Adaptation, Message, Participant } from "./types.js" */

/** What is given up of pictures on narrow paths: of those that we view, and for others of those that we publish. */
export class Adaptations {
  /** @type {Map<string, Adaptation>} */ #all = new Map();

  /** @returns {Adaptation[]} */
  get list() {
    return [...this.#all.values()];
  }

  /**
   * What is true now, as a `joined` tells it.
   * @param {Adaptation[]} adapted
   * @returns {Adaptation[]} what has changed by that
   */
  replace(adapted) {
    const present = new Set(adapted.map(nameOf));
    const over = this.list.filter((one) => !present.has(nameOf(one)));
    const changes = [...over.map(ended), ...adapted];
    return changes.filter((one) => this.apply(one));
  }

  /**
   * @param {Adaptation | Message} message
   * @returns {boolean} whether that is new
   */
  apply({ viewer, participant, publication, step, reason }) {
    const name = nameOf({ viewer, publication });
    const before = this.#all.get(name);
    if (step === "full") return this.#all.delete(name);
    this.#all.set(name, { viewer, participant, publication, step, reason });
    return before?.step !== step || before.reason !== reason;
  }

  /**
   * Forgets what is about people and publications that are gone.
   * @param {Participant[]} roster
   * @returns {Adaptation[]} what is over by that
   */
  prune(roster) {
    const people = new Set(roster.map(({ id }) => id));
    const publications = new Set(roster.flatMap(({ publications }) => publications.map(({ id }) => id)));
    const gone = this.list.filter(({ viewer, publication }) => !people.has(viewer) || !publications.has(publication));
    for (const one of gone) this.#all.delete(nameOf(one));
    return gone.map(ended);
  }
}

/** @param {{viewer: string, publication: string}} adaptation */
const nameOf = ({ viewer, publication }) => `${viewer} ${publication}`;

/**
 * @param {Adaptation} adaptation
 * @returns {Adaptation}
 */
const ended = (adaptation) => ({ ...adaptation, step: "full", reason: "recovered" });
