/** @import { Participant, Publication, RemoteTrack, TrackPriority } from "../library/types.js" */
import { create, html, icon } from "./elements.js";
import { roleShown, t } from "./language.js";

/**
 * The picture of one participant, or of one shared screen.
 * @typedef {object} Tile
 * @property {HTMLLIElement} item
 * @property {HTMLVideoElement} video
 * @property {HTMLElement} initials
 * @property {HTMLElement} who
 * @property {HTMLElement} as
 * @property {SVGElement} silent
 * @property {HTMLElement} trouble
 * @property {HTMLElement} narrowed
 * @property {HTMLButtonElement} details
 * @property {HTMLElement} coarse
 */

/** Lines of a picture in which skin can be judged. */
const SHARP = 720;

/**
 * Everyone else on the stage. Each participant has a tile, whether he sends a picture or not: nobody listens unseen.
 * Sound is played by elements of its own, so that a picture moves even where the browser holds sound back.
 */
export class Stage {
  /** @type {Map<string, Tile>} participant id, or publication id of a screen */ #tiles = new Map();
  /** @type {Map<string, RemoteTrack>} */ #tracks = new Map();
  /** @type {Map<string, HTMLAudioElement>} */ #players = new Map();
  /** @type {Participant[]} */ #others = [];
  /** @type {() => void} */ #onSilenced;
  /** @type {(video: HTMLVideoElement, publication: string | null) => void} */ #onShown;
  /** @type {Map<string, {text: string, paused: boolean}>} by publication */ #narrowed = new Map();
  /** @type {(publication: string, priority: TrackPriority) => void} */ #onPriority;
  #speaker = "";
  #examines = false;

  /**
   * @param {() => void} onSilenced the browser wants a touch before it plays sound
   * @param {(video: HTMLVideoElement, publication: string | null) => void} onShown what an element shows from now on
   * @param {(publication: string, priority: TrackPriority) => void} onPriority what is wished of a picture
   */
  constructor(onSilenced, onShown, onPriority) {
    this.#onSilenced = onSilenced;
    this.#onShown = onShown;
    this.#onPriority = onPriority;
  }

  /** @param {boolean} examines whether one may ask for details of what others send */
  setExamines(examines) {
    this.#examines = examines;
  }

  /** @param {Participant[]} others */
  setParticipants(others) {
    this.#others = others;
    this.#draw();
  }

  /** @param {Map<string, {text: string, paused: boolean}>} narrowed what to say of pictures, by publication */
  setNarrowed(narrowed) {
    this.#narrowed = narrowed;
    this.#draw();
  }

  /** @param {RemoteTrack} remote */
  addTrack(remote) {
    this.#tracks.set(remote.publication, remote);
    if (remote.kind === "audio") this.#listen(remote);
    else this.#draw();
  }

  /** @param {string} publication */
  removeTrack(publication) {
    this.#tracks.delete(publication);
    const player = this.#players.get(publication);
    if (player) {
      player.srcObject = null;
      player.remove();
      this.#players.delete(publication);
    }
    this.#draw();
  }

  /** @param {string} deviceId */
  setSpeaker(deviceId) {
    this.#speaker = deviceId;
    for (const player of this.#players.values()) this.#route(player);
  }

  /** Tries again what the browser refused; to be called from a touch. */
  async hear() {
    await Promise.allSettled([...this.#players.values()].map((player) => player.play()));
  }

  dispose() {
    for (const publication of [...this.#tracks.keys()]) this.removeTrack(publication);
    this.setParticipants([]);
  }

  /** @param {RemoteTrack} remote */
  #listen({ publication, participant, track }) {
    this.#players.get(publication)?.remove();
    const player = create("audio");
    player.dataset.publication = publication;
    player.dataset.participant = participant;
    player.autoplay = true;
    player.srcObject = new MediaStream([track]);
    this.#players.set(publication, player);
    html("stage").append(player);
    this.#route(player);
    player.play().catch((error) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#onSilenced();
    });
  }

  /** @param {HTMLAudioElement} player */
  #route(player) {
    if (this.#speaker && "setSinkId" in player) player.setSinkId(this.#speaker).catch(() => {});
  }

  #draw() {
    /** @type {Set<string>} */
    const present = new Set();
    for (const participant of this.#others) {
      const { id, role, publications, state } = participant;
      const name = participant.name || roleShown(participant);
      const of = (/** @type {string} */ source) => publications.find((publication) => publication.source === source);
      present.add(id);
      const camera = of("camera");
      const microphone = of("microphone");
      const tile = this.#tile(id, "camera");
      const away = state === "reconnecting";
      tile.who.textContent = name;
      tile.as.textContent = participant.name ? roleShown(participant) : "";
      tile.initials.textContent = initials(name);
      tile.silent.toggleAttribute("hidden", !microphone?.muted);
      tile.trouble.hidden = !away;
      this.#narrow(tile, camera && !camera.muted ? camera.id : "");
      this.#picture(tile, camera && !camera.muted ? this.#tracks.get(camera.id) : undefined);
      this.#detail(tile, camera && !camera.muted ? camera : undefined);
      for (const screen of publications.filter(({ source }) => source === "screen")) {
        present.add(screen.id);
        const shared = this.#tile(screen.id, "screen");
        shared.who.textContent = t("tile.screenOf", { name });
        this.#narrow(shared, screen.id);
        this.#picture(shared, this.#tracks.get(screen.id));
      }
    }
    for (const [id, tile] of this.#tiles) {
      if (present.has(id)) continue;
      tile.video.srcObject = null;
      this.#onShown(tile.video, null);
      tile.item.remove();
      this.#tiles.delete(id);
    }
    const stage = html("stage");
    const screens = [...this.#tiles.values()].some(({ item }) => item.dataset.source === "screen");
    stage.dataset.tiles = String(Math.min(6, this.#tiles.size));
    stage.dataset.layout = screens ? "screen" : "faces";
  }

  /**
   * @param {string} id
   * @param {"camera" | "screen"} source
   */
  #tile(id, source) {
    const present = this.#tiles.get(id);
    if (present) return present;
    const video = create("video");
    video.autoplay = video.muted = video.playsInline = true;
    const first = create("span");
    const who = create("span", { class: "who" });
    const as = create("span", { class: "as" });
    const silent = icon("microphone-off", "badge");
    silent.removeAttribute("aria-hidden");
    silent.setAttribute("role", "img");
    silent.setAttribute("aria-label", t("tile.microphoneOff"));
    silent.toggleAttribute("hidden", true);
    const trouble = create("div", { class: "trouble", text: t("tile.reconnecting") });
    trouble.hidden = true;
    const narrowed = create("div", { class: "narrowed" });
    narrowed.hidden = true;
    const avatar = create("div", { class: "avatar" }, [first]);
    avatar.setAttribute("aria-hidden", "true");
    const caption = create("figcaption", {}, [who, as, silent]);
    const details = create("button", { class: "details", text: t("tile.details") });
    details.type = "button";
    const coarse = create("div", { class: "coarse" });
    details.hidden = coarse.hidden = true;
    details.addEventListener("click", () => {
      const { publication = "", priority } = details.dataset;
      this.#onPriority(publication, priority === "detail" ? "motion" : "detail");
    });
    const figure = create("figure", {}, [video, avatar, narrowed, coarse, trouble, caption, details]);
    const item = create("li", { class: "tile" }, [figure]);
    item.dataset.source = source;
    item.dataset.id = id;
    if (source === "screen") html("tiles").prepend(item);
    else html("tiles").append(item);
    const tile = { item, video, initials: first, who, as, silent, trouble, narrowed, details, coarse };
    video.addEventListener("resize", () => this.#draw());
    // A picture counts from its first frame, so that nobody looks at a black rectangle.
    video.addEventListener("loadeddata", () => (item.dataset.picture = "true"));
    this.#tiles.set(id, tile);
    return tile;
  }

  /**
   * Says what is given up of a picture. One that is paused gives way to the initials: a face that stands still looks
   * like a fault.
   * @param {Tile} tile
   * @param {string} publication
   */
  #narrow({ item, narrowed }, publication) {
    const { text, paused } = this.#narrowed.get(publication) ?? { text: "", paused: false };
    narrowed.hidden = !text;
    if (narrowed.textContent !== text) narrowed.textContent = text;
    item.dataset.paused = String(paused);
  }

  /**
   * Whether sharpness counts in a picture, and whether it is there.
   * @param {Tile} tile
   * @param {Publication | undefined} camera
   */
  #detail({ item, video, details, coarse }, camera) {
    const isWished = camera?.priority === "detail";
    details.hidden = !this.#examines || !camera;
    details.dataset.publication = camera?.id ?? "";
    details.dataset.priority = camera?.priority ?? "motion";
    details.setAttribute("aria-pressed", String(isWished));
    const { videoWidth: width, videoHeight: height } = video;
    const isCoarse = isWished && item.dataset.paused !== "true" && height > 0 && Math.min(width, height) < SHARP;
    coarse.hidden = !isCoarse;
    const text = isCoarse ? t("tile.coarse", { size: `${width} × ${height}` }) : "";
    if (coarse.textContent !== text) coarse.textContent = text;
  }

  /**
   * @param {Tile} tile
   * @param {RemoteTrack | undefined} remote
   */
  #picture({ item, video, who }, remote) {
    const present = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks()[0] : undefined;
    video.setAttribute("aria-label", who.textContent ?? "");
    if (present === remote?.track) return;
    item.dataset.picture = "false";
    video.srcObject = remote ? new MediaStream([remote.track]) : null;
    this.#onShown(video, remote?.publication ?? null);
    if (remote) video.play().catch(() => {});
  }
}

/** What precedes a name and is no part of it. */
const TITLES = new Set(["dr", "pr", "prof", "m", "mr", "mrs", "ms", "mme", "mlle", "me", "miss"]);

/**
 * One or two letters that stand for a name where there is no picture.
 * @param {string} name
 */
export function initials(name) {
  const words = name.split(/[\s-]+/).filter((word) => /^\p{L}/u.test(word));
  const proper = words.filter((word) => !TITLES.has(word.toLowerCase().replace(/\.$/, "")));
  const [first, ...others] = proper.length > 0 ? proper : words;
  return [first, others.at(-1)].map((word) => [...(word ?? "")][0]?.toUpperCase() ?? "").join("");
}
