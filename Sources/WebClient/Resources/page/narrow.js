/** @import { Consultation } from "../library/consultation.js" */
/** @import { Adaptation, AdaptationStep } from "../library/types.js" */
/** @import { TextKey } from "./texts.js" */
import { create, html } from "./elements.js";
import { hasText, roleName, t } from "./language.js";

/** A picture that is gone is explained at once; one that is a little worse only when it stays so. */
const PATIENCE = 2_000;

/** @type {Record<Exclude<AdaptationStep, "full">, "frames" | "layer" | "lowest" | "off">} */
const EFFECTS = {
  "fewer-frames": "frames",
  "lower-layer": "layer",
  "lowest": "lowest",
  "video-off": "off",
  "audio-only": "off",
};
const WORST_LAST = ["frames", "layer", "lowest", "off"];

/**
 * Says in words whose connection is narrow and what is given up for it: on the stage in a sentence, on the picture in
 * two words.
 */
export class NarrowNotes {
  #consultation;
  #setNarrowed;
  /** @type {Map<string, number>} by viewer and publication: when it is to be shown */ #due = new Map();
  #timer = 0;

  /**
   * @param {Consultation} consultation
   * @param {(narrowed: Map<string, {text: string, paused: boolean}>) => void} setNarrowed
   */
  constructor(consultation, setNarrowed) {
    this.#consultation = consultation;
    this.#setNarrowed = setNarrowed;
  }

  /** To be called when an adaptation or the roster has changed. */
  draw() {
    clearTimeout(this.#timer);
    const { adaptations, self, roster } = this.#consultation;
    const shown = this.#ripe(adaptations);
    /** @type {Map<string, {text: string, paused: boolean}>} */
    const pictures = new Map();
    /** @type {Map<string, {name: string, effect: string, source: string, reason: string}>} by viewer */
    const lines = new Map();
    for (const { viewer, publication, step, reason } of shown) {
      const owner = roster.find(({ publications }) => publications.some(({ id }) => id === publication));
      const present = owner?.publications.find(({ id }) => id === publication);
      // A picture that is off by its owner's wish is missed by nobody.
      if (!present || present.muted || step === "full") continue;
      const effect = EFFECTS[step] ?? "layer";
      const own = viewer === self?.id;
      // The way up of who sends it is narrow: everyone else misses the picture.
      const up = reason === "uplink";
      if (own !== up) pictures.set(publication, { text: t(`narrow.tile.${effect}`), paused: effect === "off" });
      const other = roster.find(({ id }) => id === viewer);
      const name = own || !other ? "" : other.name || roleName(other.role);
      if (!own && !name) continue;
      if (up) {
        lines.set(`${viewer} up`, { name, effect: "up", source: present.source, reason });
        continue;
      }
      const former = lines.get(viewer);
      if (former && WORST_LAST.indexOf(former.effect) >= WORST_LAST.indexOf(effect)) continue;
      lines.set(viewer, { name, effect, source: present.source, reason });
    }
    this.#setNarrowed(pictures);
    this.#say([...lines.values()].sort((one, other) => one.name.localeCompare(other.name)).map(sentence));
  }

  dispose() {
    clearTimeout(this.#timer);
    this.#say([]);
  }

  /**
   * Those that have lasted.
   * @param {Adaptation[]} adaptations
   */
  #ripe(adaptations) {
    const now = performance.now();
    /** @type {Map<string, number>} */
    const due = new Map();
    for (const { viewer, publication, step } of adaptations) {
      const name = `${viewer} ${publication}`;
      const wait = step === "video-off" || step === "audio-only" ? 0 : PATIENCE;
      due.set(name, Math.min(this.#due.get(name) ?? Infinity, now + wait));
    }
    this.#due = due;
    const later = [...due.values()].filter((time) => time > now);
    if (later.length > 0) this.#timer = window.setTimeout(() => this.draw(), Math.min(...later) - now + 20);
    return adaptations.filter(({ viewer, publication }) => (due.get(`${viewer} ${publication}`) ?? 0) <= now);
  }

  /** @param {string[]} sentences */
  #say(sentences) {
    const list = html("narrow");
    // The same words again would be read aloud again.
    if (list.dataset.words === sentences.join("\n")) return;
    list.dataset.words = sentences.join("\n");
    list.replaceChildren(...sentences.map((text) => create("li", { text })));
    list.hidden = sentences.length === 0;
  }
}

/** @param {{name: string, effect: string, source: string, reason: string}} line `name` is empty for ourselves */
function sentence({ name, effect, source, reason }) {
  if (name && effect === "up") return t("narrow.their.up", { name });
  const side = name ? "their" : "own";
  const cause = hasText(`narrow.${side}.cause.${reason}`) ? reason : "bandwidth";
  const what = name ? `${source === "screen" ? "screen" : "camera"}.${effect}` : effect;
  return t(/** @type {TextKey} */ (`narrow.${side}`), {
    name,
    cause: t(/** @type {TextKey} */ (`narrow.${side}.cause.${cause}`)),
    effect: t(/** @type {TextKey} */ (`narrow.${side}.${what}`)),
  });
}
