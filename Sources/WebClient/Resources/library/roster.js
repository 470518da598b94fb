/** @import { Message, Participant, WantedPublication } from "./types.js" */

/** Who is here and what each of them publishes, as the server tells it. */
export class Roster {
  /** @type {Map<string, Participant>} */ #participants = new Map();

  /** @returns {Participant[]} in the order of their coming */
  get participants() {
    return [...this.#participants.values()];
  }

  /** @param {string} id */
  get(id) {
    return this.#participants.get(id) ?? null;
  }

  /** @param {string} publication */
  sourceOf(publication) {
    return this.participants.flatMap(({ publications }) => publications).find(({ id }) => id === publication)?.source;
  }

  /** @param {Participant[]} participants */
  replace(participants) {
    this.#participants = new Map(participants.map((participant) => [participant.id, structuredClone(participant)]));
  }

  /**
   * Everything that others publish.
   * @param {string} self
   * @returns {WantedPublication[]}
   */
  publicationsExcept(self) {
    return this.participants
      .filter(({ id }) => id !== self)
      .flatMap(({ id: participant, publications }) =>
        publications.map(({ id, kind, source }) => ({ id, participant, kind, source })),
      );
  }

  /**
   * Applies a message of the server.
   * @param {Message} message
   * @returns {boolean} whether it was about the roster
   */
  apply(message) {
    const participant = this.#participants.get(
      typeof message.participant === "string" ? message.participant : (message.participant?.id ?? ""),
    );
    switch (message.type) {
      case "participant-joined":
        this.#participants.set(message.participant.id, structuredClone(message.participant));
        return true;
      case "participant-left":
        this.#participants.delete(message.participant);
        return true;
      case "participant-updated":
        if (participant) participant.state = message.state;
        return true;
      case "published":
        if (participant) {
          const others = participant.publications.filter(({ id }) => id !== message.publication.id);
          participant.publications = [...others, structuredClone(message.publication)];
        }
        return true;
      case "unpublished":
        if (participant) {
          participant.publications = participant.publications.filter(({ id }) => id !== message.publication);
        }
        return true;
      case "muted": {
        const publication = participant?.publications.find(({ id }) => id === message.publication);
        if (publication) publication.muted = message.muted;
        return true;
      }
      case "hooks":
        if (participant) participant.hooks = message.hooks;
        return true;
      case "prioritized": {
        const publication = participant?.publications.find(({ id }) => id === message.publication);
        if (publication) publication.priority = message.priority;
        return true;
      }
      default:
        return false;
    }
  }
}
