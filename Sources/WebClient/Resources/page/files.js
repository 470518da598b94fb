/** @import { Consultation } from "../library/consultation.js" */
/** @import { SharedFile } from "../library/types.js" */
import { SignalingError } from "../visavis.js";
import { button, create, element, html, icon } from "./elements.js";
import { announce, locale, t } from "./language.js";

/** The largest side of a picture that is shown among the messages, in pixels. */
const PREVIEW = 480;

/** Sharing files and pictures, and saving those of others. */
export class Files {
  #consultation;
  #say;
  #listening = new AbortController();
  #picker = element("file-picker", HTMLInputElement);
  /** @type {AbortController | null} of what is being sent */ #sending = null;

  /**
   * @param {Consultation} consultation
   * @param {(sentence: string) => void} say something that went wrong
   */
  constructor(consultation, say) {
    this.#consultation = consultation;
    this.#say = say;
    const { signal } = this.#listening;
    button("file-button").addEventListener("click", () => this.#picker.click(), { signal });
    this.#picker.addEventListener("change", () => this.#share(), { signal });
    button("file-stop").addEventListener("click", () => this.#sending?.abort(), { signal });
  }

  dispose() {
    this.#listening.abort();
    this.#sending?.abort();
    html("file-progress").hidden = true;
  }

  draw() {
    const { sharing, self } = this.#consultation;
    button("file-button").hidden = !sharing || self?.role === "observer";
    this.#picker.accept = sharing?.types.join(",") ?? "";
  }

  /**
   * What stands for a file among the messages.
   * @param {SharedFile} file
   */
  line(file) {
    const size = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(file.size / 2 ** 20);
    const save = create("button", { class: "button small", text: t("file.save") });
    save.type = "button";
    save.setAttribute("aria-label", t("file.save.name", { name: file.file }));
    const card = create("div", { class: "chat-file" }, [
      icon(file.type.startsWith("image/") ? "image" : "file"),
      create("span", {}, [create("strong", { text: file.file }), create("small", { text: t("file.size", { size }) })]),
      save,
    ]);
    save.addEventListener("click", () => this.#save(file, save, card));
    return card;
  }

  async #share() {
    const [file] = this.#picker.files ?? [];
    this.#picker.value = "";
    const { sharing } = this.#consultation;
    if (!file || !sharing) return;
    this.#say("");
    if (file.size > sharing.size) {
      return this.#say(t("file.problem.size", { size: Math.floor(sharing.size / 2 ** 20) }));
    }
    const meter = element("file-meter", HTMLProgressElement);
    const stop = new AbortController();
    this.#sending = stop;
    meter.value = 0;
    html("file-name").textContent = file.name;
    html("file-progress").hidden = false;
    button("file-button").disabled = true;
    try {
      await this.#consultation.shareFile(file, { onProgress: (part) => (meter.value = part), signal: stop.signal });
      announce(t("say.fileSent", { name: file.name }));
    } catch (error) {
      if (!stop.signal.aborted) this.#say(problem(error, sharing.size));
    } finally {
      this.#sending = null;
      html("file-progress").hidden = true;
      button("file-button").disabled = false;
    }
  }

  /**
   * @param {SharedFile} file
   * @param {HTMLButtonElement} save
   * @param {HTMLElement} card
   */
  async #save(file, save, card) {
    save.disabled = true;
    this.#say("");
    try {
      const blob = await this.#consultation.fetchFile(file.id);
      if (file.type.startsWith("image/") && !card.querySelector("canvas")) await preview(blob, card, file.file);
      const link = create("a");
      link.href = URL.createObjectURL(blob);
      link.download = file.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      this.#say(problem(error, 0));
    } finally {
      save.disabled = false;
    }
  }
}

/**
 * Drawn, not loaded: the page loads pictures from nowhere.
 * @param {Blob} blob
 * @param {HTMLElement} card
 * @param {string} name
 */
async function preview(blob, card, name) {
  const picture = await createImageBitmap(blob).catch(() => null);
  if (!picture) return;
  const scale = Math.min(1, PREVIEW / Math.max(picture.width, picture.height));
  const canvas = create("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  card.append(canvas);
}

/**
 * @param {unknown} error
 * @param {number} limit octets
 */
function problem(error, limit) {
  const code = error instanceof SignalingError ? error.code : "";
  if (code === "too-large") return t("file.problem.size", { size: Math.floor(limit / 2 ** 20) });
  if (code === "unsupported-media-type") return t("file.problem.type");
  if (code === "wrong-state") return t("file.problem.state");
  if (code === "not-found") return t("file.problem.gone");
  if (code === "full") return t("file.problem.full");
  return t("file.problem.failed");
}
