/** @import { Answer, AsideState, ChatEntry, CheckResult, Consent, ConsultationPhase, DeviceState, Joined, MediaSource, Message, Participant, ParticipantRole, RemoteTrack, SharedFile, TrackPriority } from "./types.js" */
/** @import { ConsultationStatistics } from "./stats.js" */
import { Adaptations } from "./adaptations.js";
import { ConnectionCheck } from "./connection-check.js";
import { openDevices, openScreen } from "./devices.js";
import { DeviceError, MediaError, SignalingError } from "./errors.js";
import { download, upload } from "./file-transfer.js";
import { MediaConnection } from "./media.js";
import { Roster } from "./roster.js";
import { SessionStore } from "./session-store.js";
import { Views } from "./views.js";
import { SignalingChannel } from "./signaling.js";
import { Playout } from "./playout.js";
import { UplinkWatch } from "./uplink-watch.js";
import { collectStatistics, currentRoute, qualityReport } from "./stats.js";

/** Between two reports of our statistics, milliseconds. */
const REPORT_PERIOD = 5_000;

/**
 * @typedef {object} JoinOptions
 * @property {string} [url] the server, `https://…`; by default the origin of the page
 * @property {string} [token] the invitation; by default the remembered one
 * @property {string} [consultation] its id, when the token is not bound to one
 * @property {boolean} [resume] whether to take a remembered place again (default: yes)
 * @property {SessionStore} [store] where to remember
 * @property {(milliseconds: number) => void} [onBusy] the server lets nobody new in for now; it is asked again after so
 *   long, for as long as it takes
 */

/**
 * One participant's part in one consultation. Made by `join`.
 *
 * Events (`CustomEvent`, data in `detail`):
 * - `phase` {phase, reason}: see ConsultationPhase
 * - `roster` {participants}: after every change of it; and before that, for what to say aloud,
 *   `participant-joined` {participant}, `participant-left` {participant, reason}, `participant-updated` {participant},
 *   `published`/`unpublished`/`muted` as the server tells them
 * - `admission` {admitted}: we were let in from the waiting room, or put back into it
 * - `checked` {participant, check}: how the device and the path of somebody who waits were found
 * - `queue` {participants}: who waits to be let in, for those who may; and `waiting-joined` {participant}
 * - `consents` {consents}: what is asked of us, and what we may know of what others are asked, has changed
 * - `aside` {state}: a private aside has begun or ended
 * - `recording` {state, participant, reason, soundOnly}: a recording has begun, pauses, goes on or is over; by whom, and
 *   why; or other participants than before are recorded without their picture
 * - `chat` {entry}: somebody has written, perhaps we; `chat-replaced` {entries} when all is told anew
 * - `charge` {participant, from, reason}: another physician is in charge
 * - `file` {file}: somebody has shared a file, perhaps we
 * - `track` RemoteTrack, `track-removed` {publication, participant}
 * - `local` {source, track, muted}: what we publish has changed (track null: no more)
 * - `adapted` Adaptation: a path is narrow, so that we get less of a picture or somebody less of ours; step `full`: over
 * - `media` {state}: RTCPeerConnection.connectionState
 * - `silence` {silent}: nothing comes any more, long before the state says so; or something comes again
 * - `notice` {code, message}, `problem` {error}: nothing that ends the consultation
 */
export class Consultation extends EventTarget {
  /** @type {SignalingChannel} */ #channel;
  /** @type {MediaConnection | null} */ #media = null;
  /** @type {SessionStore} */ #store;
  #roster = new Roster();
  #admitted = true;
  /** @type {Participant[]} */ #queue = [];
  /** @type {Consent[]} */ #consents = [];
  /** @type {AsideState} */ #aside = "none";
  /** @type {RecordingState} */ #recording = "off";
  /** @type {string[]} */ #soundOnly = [];
  /** @type {ChatEntry[]} */ #chat = [];
  /** @type {SharedFile[]} */ #files = [];
  /** @type {string | null} */ #inCharge = null;
  /** @type {ConnectionCheck | null} */ #check = null;
  /** @type {Map<MediaSource, MediaStreamTrack>} what we shall send when let in */ #kept = new Map();
  #adaptations = new Adaptations();
  /** @type {ConsultationPhase} */ #phase = "joining";
  /** @type {Joined | null} */ #joined = null;
  /** @type {string | undefined} */ #resume;
  #url;
  #token;
  #consultation;
  #refused = false;
  #listening = new AbortController();
  #reporting = 0;
  /** @type {Map<MediaSource, boolean>} our own wish, which holds while the server cannot hear it */
  #muted = new Map();
  /** @type {Set<MediaSource>} what its page encrypts end to end */ #encrypted = new Set();
  /** @type {Map<string, TrackPriority>} by publication, where somebody said it */ #priorities = new Map();
  /** @type {Map<MediaSource, string>} */ #publications = new Map();
  /** @type {Map<string, RemoteTrack>} */ #tracks = new Map();
  /** @type {Map<string, string[]>} told of publications whose answer is under way */ #encodings = new Map();
  #views = new Views((publication, width, height) => this.#channel.post("view", { publication, width, height }));
  #playout = new Playout();
  #uplink = new UplinkWatch(
    () => this.#media,
    () => this.#channel.request("ping"),
    () => this.#tellUplink(),
  );
  /** @type {Set<MediaStreamTrack>} tracks that we opened and must stop */ #owned = new Set();

  /** @param {JoinOptions} options */
  constructor({ url = location.origin, token, consultation, resume = true, store = new SessionStore(), onBusy }) {
    super();
    this.#store = store;
    const remembered = store.value;
    this.#token = token ?? remembered?.token ?? "";
    this.#consultation = consultation;
    if (resume && remembered?.token === this.#token) this.#resume = remembered.resume;
    this.#url = url;
    const address = new URL("/v1/signal", url);
    address.protocol = address.protocol.replace("http", "ws");
    this.#channel = new SignalingChannel({ url: address.href, hello: () => this.#hello() });
    this.#channel.addEventListener("joined", (event) => this.#welcome(detail(event)));
    this.#channel.addEventListener("message", (event) => this.#handle(detail(event)));
    this.#channel.addEventListener("resume-expired", () => this.#placeLost());
    this.#channel.addEventListener("busy", (event) => onBusy?.(detail(event).delay));
    this.#channel.addEventListener("lost", (event) => {
      this.#media?.alert();
      if (this.#phase === "joined") this.#enter("reconnecting");
      const { code } = detail(event);
      if (code === 4503) this.#emit("notice", { code: "shutting-down", message: "the server is restarting" });
    });
    this.#channel.addEventListener("alive", () => this.#media?.signalingIsWell({ anew: false }));
    this.#channel.addEventListener("closed", (event) => this.#over(detail(event)));
    const { signal } = this.#listening;
    globalThis.addEventListener?.("online", () => this.#networkChanged(), { signal });
    // Not in every browser; it also speaks of estimates, so that it only makes us look.
    connectionInformation()?.addEventListener(
      "change",
      () => {
        this.#media?.alert();
        this.#channel.check();
      },
      { signal },
    );
  }

  /** There is another network: everything that heals begins at once, side by side. */
  #networkChanged() {
    this.#channel.check();
    this.#media?.alert();
    this.#media?.restartICE();
  }

  /** @returns {ConsultationPhase} */
  get phase() { return this.#phase; }

  /** The consultation, as told when we joined. */
  get info() {
    return this.#joined?.consultation ?? null;
  }

  /** Ourselves. */
  get self() {
    return this.#joined?.participant ?? null;
  }

  /** Everyone, ourselves included. */
  get roster() {
    return this.#roster.participants;
  }

  /** Whether we are inside; in the waiting room nobody sees or hears us, nor we them. */
  get admitted() { return this.#admitted; }

  /** Who waits to be let in, first come first, for those who may let in. */
  get queue() { return this.#queue; }

  /**
   * Lets somebody in who waits (roles that may).
   * @param {string} participant
   */
  async admit(participant) { await this.#channel.request("admit", { participant }); }

  /**
   * Puts somebody back into the waiting room (roles that may).
   * @param {string} participant
   */
  async hold(participant) { await this.#channel.request("hold", { participant }); }

  /**
   * Takes somebody out of the consultation (roles that may).
   * @param {string} participant
   * @param {{ban?: boolean}} [options] `ban`: their link is good for nothing here any more
   */
  async remove(participant, { ban = false } = {}) { await this.#channel.request("remove", { participant, ban }); }

  /**
   * Makes a link by which somebody else comes in (roles that may). They pass the waiting room and the consents as
   * everyone does.
   * @param {{role: ParticipantRole, name?: string, expires?: Date}} invited
   * @returns {Promise<{id: string, role: string, token: string, link: string, expires: string}>}
   * @throws {SignalingError}
   */
  async invite({ role, name, expires }) {
    const id = encodeURIComponent(this.info?.id ?? "");
    const reply = await fetch(new URL(`/v1/consultations/${id}/invitations`, this.#url), {
      method: "POST",
      headers: { "Authorization": `Bearer ${this.#token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ role, ...(name && { name }), ...(expires && { expires: expires.toISOString() }) }),
    });
    const answer = await reply.json();
    if (!reply.ok) throw SignalingError.from(answer.error ?? {});
    return answer;
  }

  /**
   * While we wait: looks on which ways media reaches the server, and measures how much of it, with test media that comes
   * back to us alone. The result is kept with the consultation; those who may let us in see it.
   * @param {object} options
   * @param {() => {camera: DeviceState, microphone: DeviceState}} options.devices asked at the end
   * @param {number} [options.seconds] of measuring
   * @param {(share: number) => void} [options.progress] from 0 to 1
   * @returns {Promise<CheckResult | null>} null: we were let in, or have left, before it was done
   * @throws {SignalingError}
   */
  async checkConnection({ devices, seconds = 8, progress = () => {} }) {
    this.#check?.end();
    const request = (/** @type {string} */ type, /** @type {Record<string, unknown>} */ fields) =>
      this.#channel.request(type, fields);
    const check = new ConnectionCheck(this.#joined?.iceServers ?? [], request);
    this.#check = check;
    try {
      const routes = await check.run(seconds, progress);
      if (check.isOver || this.#admitted || this.#isOver) return null;
      const answer = await this.#channel.request("check-report", { ...devices(), routes });
      progress(1);
      return answer.check;
    } finally {
      check.end();
      if (this.#check === check) this.#check = null;
    }
  }

  /** What is asked of us, with its text, and what we may know of what others are asked. */
  get consents() { return this.#consents; }

  /**
   * Agrees to something that we are asked, or does not (any more). Picture and sound that need it stop at once.
   * @param {Consent} asked one of `consents`
   * @param {boolean} given
   * @param {string} language in which its text was shown
   */
  async consent({ purpose, about, version }, given, language) {
    await this.#channel.request("consent", { purpose, given, version, language, ...(about && { about }) });
  }

  /** What a private aside is to us now. */
  get aside() { return this.#aside; }

  /**
   * Begins a private aside, in which everyone but physicians and experts is on hold, or ends it (roles that may).
   * @param {boolean} active
   */
  async setAside(active) { await this.#channel.request("aside", { active }); }

  /** Whether we are recorded now. */
  get recording() { return this.#recording; }

  /** Participants who send a picture that is not recorded, since their device sends it in a form that cannot be (H.264). */
  get soundOnly() { return this.#soundOnly; }

  /**
   * Has the consultation recorded, or no more (physicians; everyone has to agree).
   * @param {boolean} active
   */
  async setRecording(active) { await this.#channel.request("record", { active }); }

  /**
   * Takes a still image of a publication of the patient, at its full size; it comes as a file (physicians).
   * @param {string} publication
   */
  async captureImage(publication) { await this.#channel.request("capture", { publication }); }

  /** What was written while we were here, oldest first. */
  get chat() { return this.#chat; }

  /**
   * Writes to everyone who may read it.
   * @param {string} text
   */
  async write(text) {
    const reply = await this.#channel.request("chat", { text });
    this.#takeWords(reply.entry);
  }

  /** Which physician is in charge; null while none is here. */
  get inCharge() {
    const here = this.#inCharge && this.#roster.get(this.#inCharge);
    // Who comes when nobody is in charge is.
    return here ? here.id : (this.roster.find(({ role }) => role === "physician")?.id ?? null);
  }

  /**
   * Hands the consultation to another physician who is here, or, without one, to the next who comes (the one in charge).
   * @param {string} [participant]
   */
  async transfer(participant) {
    await this.#channel.request("transfer", { ...(participant && { participant }) });
  }

  /**
   * How content we are, 1 to 5; also after the end. The last word counts.
   * @param {number} score
   * @throws {SignalingError}
   */
  async rate(score) {
    const id = encodeURIComponent(this.info?.id ?? "");
    const reply = await fetch(new URL(`/v1/consultations/${id}/satisfaction`, this.#url), {
      method: "POST",
      headers: { "Authorization": `Bearer ${this.#token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ score }),
    });
    if (!reply.ok) throw SignalingError.from((await reply.json().catch(() => ({}))).error ?? {});
  }

  /** What was shared with us or by us, oldest first. */
  get files() { return this.#files; }

  /** What may be shared; null: nothing. */
  get sharing() { return this.#joined?.sharing ?? null; }

  /**
   * Shares a file with everyone who may have it; goes on where it was when the connection breaks.
   * @param {File} file
   * @param {{onProgress?: (part: number) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<SharedFile>}
   * @throws {SignalingError}
   */
  async shareFile(file, { onProgress = () => {}, signal } = {}) {
    const shared = await upload(this.#filesAddress, () => this.#resume ?? "", file, onProgress, signal);
    this.#takeFile(shared);
    return shared;
  }

  /**
   * @param {string} id
   * @returns {Promise<Blob>}
   * @throws {SignalingError}
   */
  fetchFile(id) { return download(`${this.#filesAddress}/${id}`, this.#resume ?? ""); }

  get #filesAddress() {
    return new URL(`/v1/consultations/${encodeURIComponent(this.info?.id ?? "")}/files`, this.#url).href;
  }

  /** @param {SharedFile} file */
  #takeFile(file) {
    if (this.#files.some(({ id }) => id === file.id)) return;
    this.#files = [...this.#files, file];
    this.#emit("file", { file });
  }

  /** @param {ChatEntry} entry */
  #takeWords(entry) {
    if (this.#chat.some(({ id }) => id === entry.id)) return;
    this.#chat = [...this.#chat, entry];
    this.#emit("chat", { entry });
  }

  /** @param {AsideState} state */
  #setAsideState(state) {
    if (this.#aside === state) return;
    this.#aside = state;
    this.#emit("aside", { state });
  }

  /**
   * @param {RecordingState} state
   * @param {{participant?: string, reason?: string, soundOnly?: string[]}} [more]
   */
  #setRecordingState(state, { participant, reason, soundOnly = [] } = {}) {
    if (this.#recording === state && this.#soundOnly.join() === soundOnly.join()) return;
    this.#recording = state;
    this.#soundOnly = soundOnly;
    this.#emit("recording", { state, participant, reason, soundOnly });
  }

  /** What is given up now of the pictures that we view, and for others of ours. */
  get adaptations() { return this.#adaptations.list; }

  /** What we receive at this moment. */
  get tracks() { return [...this.#tracks.values()]; }

  /**
   * The way that media takes now; null while it takes none.
   * @returns {Promise<import("./stats.js").Route | null>}
   */
  async route() {
    const pc = this.peerConnection;
    return pc ? currentRoute(pc) : null;
  }

  /** The RTCPeerConnection, for those who need more than `stats()`. */
  get peerConnection() {
    return this.#media?.peerConnection ?? null;
  }

  /**
   * Connects; resolves when the server has accepted us.
   * @returns {Promise<this>}
   * @throws {SignalingError}
   */
  connect() {
    return new Promise((resolve, reject) => {
      const stop = new AbortController();
      const { signal } = stop;
      this.#channel.addEventListener("joined", () => (stop.abort(), resolve(this)), { signal });
      this.#channel.addEventListener("closed", (event) => (stop.abort(), reject(detail(event))), { signal });
      this.#channel.addEventListener(
        "lost",
        (event) => {
          if (detail(event).attempt < 4) return;
          stop.abort();
          reject(new SignalingError("unreachable", "the server cannot be reached"));
          this.#channel.close();
        },
        { signal },
      );
      this.#channel.open();
    });
  }

  /**
   * Publishes a microphone or a camera. With a track, that one is sent; otherwise a device is opened and is ours.
   * @param {"microphone" | "camera"} source
   * `encrypted` says that the page encrypts it end to end (an encoded transform of `peerConnection`'s sender): the
   * server then refuses all that would look into it.
   * @param {{track?: MediaStreamTrack, deviceId?: string, muted?: boolean, encrypted?: boolean}} [options]
   */
  async publish(source, { track, deviceId, muted, encrypted } = {}) {
    const chosen = track ?? (await openDevices({ [source]: deviceId ?? true }))[source];
    if (!chosen) throw new DeviceError("no-device", `no ${source}`);
    // Of what is published already, what was said first holds.
    if (encrypted && !this.localTrack(source)) this.#encrypted.add(source);
    if (!track) this.#owned.add(chosen);
    // After a reload the server knows better than this new page whether we were muted.
    const held = this.#ownPublication(source)?.muted;
    await this.#send(source, chosen, muted ?? this.#muted.get(source) ?? held ?? false);
  }

  /** Asks which screen to show and publishes it. */
  async shareScreen() {
    const track = await openScreen();
    this.#owned.add(track);
    track.addEventListener("ended", () => this.#quietly(this.unpublish("screen")));
    await this.#send("screen", track, false);
  }

  /** @param {MediaSource} source */
  async unpublish(source) {
    const track = this.localTrack(source);
    if (!track) return;
    this.#release(track);
    this.#kept.delete(source);
    const publication = this.#publications.get(source);
    this.#publications.delete(source);
    this.#muted.delete(source);
    this.#encrypted.delete(source);
    this.#emit("local", { source, track: null, muted: false });
    this.#roster.apply({ type: "unpublished", participant: this.self?.id, publication });
    this.#emit("roster", { participants: this.roster });
    // Said in words: a source that is only missing from an offer keeps its mute.
    if (publication) this.#channel.post("unpublish", { publication });
    await this.#media?.unpublish(source);
  }

  /**
   * Takes another microphone or camera, without a new offer and without a gap in the publication.
   * @param {"microphone" | "camera"} source
   * @param {string} deviceId
   */
  async switchDevice(source, deviceId) {
    const before = this.localTrack(source);
    if (!before) return this.publish(source, { deviceId });
    // A phone has one camera at a time: the present one must be closed before the next is opened.
    if (source === "camera") before.stop();
    const track = (await openDevices({ [source]: deviceId }))[source];
    if (!track) throw new DeviceError("no-device", `no ${source}`);
    this.#owned.add(track);
    await this.#send(source, track, this.isMuted(source));
    this.#release(before);
  }

  /**
   * What counts more in a picture where not all of it can be had: sharpness (`detail`: skin, documents) or movement.
   * The publisher decides, and a physician for what he sees.
   * @param {string} publication
   * @param {TrackPriority} priority
   */
  prioritize(publication, priority) {
    this.#channel.post("prioritize", { publication, priority });
  }

  /** @param {MediaSource} source */
  isMuted(source) {
    return this.#muted.get(source) ?? false;
  }

  /** @param {MediaSource} source */
  mute(source) {
    this.#setMuted(source, true);
  }

  /** @param {MediaSource} source */
  unmute(source) {
    this.#setMuted(source, false);
  }

  /**
   * What is sent from here for a source, or will be when we are let in.
   * @param {MediaSource} source
   */
  localTrack(source) {
    return this.#media?.track(source) ?? this.#kept.get(source) ?? null;
  }

  /** Makes the media connection anew with the same tracks, for whoever finds that it does not heal by itself. */
  renewMedia() {
    this.#media?.rebuild();
  }

  /** The same, and a new socket to the server beside the present one: same place, same tracks. */
  renewAll() {
    this.#channel.renew();
    this.renewMedia();
  }

  /** @returns {Promise<ConsultationStatistics | null>} */
  async stats() {
    const pc = this.#media?.peerConnection;
    if (!pc) return null;
    const sent = new Map();
    for (const source of this.#media?.sources ?? []) {
      const track = this.#media?.track(source);
      if (track) sent.set(track, source);
    }
    return collectStatistics(pc, sent, this.#tracks.values());
  }

  /**
   * Says which element shows a received picture, so that it comes as large as it is seen there.
   * @param {Element} element
   * @param {string | null} publication null: none any more
   */
  show(element, publication) {
    this.#views.show(element, publication);
  }

  /** Leaves; the others stay. */
  async leave() {
    this.#store.forgetPlace();
    await this.#farewell("leave", "left");
  }

  /** Ends the consultation for everyone (roles that may). */
  async end() {
    await this.#farewell("end", "ended");
    this.#store.forgetPlace();
  }

  /**
   * @param {"leave" | "end"} type
   * @param {ConsultationPhase} phase
   */
  async #farewell(type, phase) {
    if (this.#isOver) return;
    try {
      await this.#channel.request(type);
    } catch (error) {
      if (type === "end" || !(error instanceof SignalingError)) throw error;
    }
    this.#finish(phase, type);
  }

  get #isOver() {
    return ["left", "ended", "removed", "replaced", "failed"].includes(this.#phase);
  }

  /** @returns {Record<string, unknown>} */
  #hello() {
    if (this.#resume) return { resume: this.#resume };
    return { token: this.#token, ...(this.#consultation && { consultation: this.#consultation }) };
  }

  #placeLost() {
    this.#resume = undefined;
    this.#store.forgetPlace();
  }

  /** @param {Joined} joined */
  #welcome(joined) {
    const again = this.#joined?.participant.id === joined.participant.id;
    this.#joined = joined;
    this.#resume = joined.resume.token;
    this.#store.update({ token: this.#token, resume: joined.resume.token });
    this.#roster.replace(joined.roster);
    const wasAdmitted = this.#admitted;
    this.#admitted = joined.admitted ?? true;
    this.#queue = joined.waiting ?? [];
    this.#consents = joined.consents ?? [];
    this.#chat = joined.chat ?? [];
    this.#files = joined.files ?? [];
    this.#inCharge = joined.inCharge ?? null;
    if (!this.#admitted) this.#stepOut();
    else if (!this.#media) this.#stepIn(joined.iceServers);
    else if (!again) {
      // We are somebody new to the server: it knows nothing of the connection that we have.
      this.#publications.clear();
      this.#media.rebuild(this.#roster.publicationsExcept(joined.participant.id));
    }
    if (again) this.#media?.signalingIsWell({ anew: true });
    this.#enter("joined");
    if (wasAdmitted !== this.#admitted) this.#emit("admission", { admitted: this.#admitted });
    this.#emit("roster", { participants: this.roster });
    this.#emit("queue", { participants: this.#queue });
    this.#setAsideState(joined.aside ?? "none");
    this.#setRecordingState(joined.recording ?? "off", { soundOnly: joined.soundOnly });
    this.#emit("chat-replaced", { entries: this.#chat });
    this.#emit("consents", { consents: this.#consents });
    for (const adaptation of this.#adaptations.replace(joined.adapted ?? [])) this.#emit("adapted", adaptation);
    for (const { id, source } of this.#roster.get(joined.participant.id)?.publications ?? []) {
      this.#media?.limit(source, joined.encodings?.find(({ publication }) => publication === id));
    }
    for (const [source, muted] of this.#muted) {
      const publication = this.#ownPublication(source);
      if (again && publication && publication.muted !== muted) {
        this.#channel.post("mute", { publication: publication.id, muted });
      }
    }
    if (again) this.#tellUplink();
    this.#receiveAll();
  }

  /**
   * There is media from now on.
   * @param {RTCIceServer[]} iceServers
   */
  #stepIn(iceServers) {
    this.#check?.end();
    this.#media = this.#newMedia(iceServers);
    for (const [source, track] of this.#kept) {
      this.#quietly(this.#media.publish(source, track, this.isMuted(source), this.#isEncrypted(source)));
    }
    this.#kept.clear();
  }

  /** In the waiting room there is none; our devices stay open, for our own eyes. */
  #stepOut() {
    const media = this.#media;
    if (!media) return;
    for (const source of media.sources) {
      const track = media.track(source);
      if (source === "screen") this.#quietly(this.unpublish(source));
      else if (track) this.#kept.set(source, track);
    }
    this.#media = null;
    media.close();
    this.#publications.clear();
    this.#encodings.clear();
    for (const { publication, participant } of this.#tracks.values()) {
      this.#tracks.delete(publication);
      this.#emit("track-removed", { publication, participant });
    }
    for (const adaptation of this.#adaptations.replace([])) this.#emit("adapted", adaptation);
  }

  /**
   * The server has let us in or put us back.
   * @param {boolean} admitted
   * @param {Participant[]} roster
   */
  #setAdmitted(admitted, roster) {
    this.#roster.replace(roster);
    if (this.#admitted === admitted) return;
    this.#admitted = admitted;
    if (admitted) this.#stepIn(this.#joined?.iceServers ?? []);
    else this.#stepOut();
    this.#emit("admission", { admitted });
    this.#emit("roster", { participants: this.roster });
    this.#receiveAll();
  }

  /**
   * @param {Participant[]} queue
   */
  #setQueue(queue) {
    this.#queue = queue;
    this.#emit("queue", { participants: queue });
  }

  /**
   * Of somebody who waits.
   * @param {Message} message
   * @returns {boolean} whether it was about the queue
   */
  #applyToQueue({ type, participant, state, check }) {
    switch (type) {
      case "waiting-joined":
        this.#setQueue([...this.#queue.filter(({ id }) => id !== participant.id), participant]);
        this.#emit(type, { participant });
        return true;
      case "checked":
        this.#setQueue(this.#queue.map((one) => (one.id === participant ? { ...one, check } : one)));
        this.#emit(type, { participant, check });
        return true;
      case "waiting-left":
        this.#setQueue(this.#queue.filter(({ id }) => id !== participant));
        return true;
      case "participant-updated":
        if (!this.#queue.some(({ id }) => id === participant)) return false;
        this.#setQueue(this.#queue.map((one) => (one.id === participant ? { ...one, state } : one)));
        return true;
      default:
        return false;
    }
  }

  /** @param {RTCIceServer[]} iceServers */
  #newMedia(iceServers) {
    const media = new MediaConnection({ iceServers: iceServers ?? [], exchange: (build) => this.#exchange(build) });
    media.fit(this.#uplink.level);
    media.addEventListener("track", (event) => {
      /** @type {RemoteTrack} */
      const remote = detail(event);
      this.#tracks.set(remote.publication, remote);
      this.#views.forget(remote.publication);
      this.#emit("track", remote);
    });
    media.addEventListener("track-removed", (event) => {
      this.#tracks.delete(detail(event).publication);
      this.#emit("track-removed", detail(event));
    });
    media.addEventListener("published", (event) => this.#published(detail(event)));
    media.addEventListener("state", (event) => this.#emit("media", detail(event)));
    media.addEventListener("problem", (event) => this.#emit("problem", detail(event)));
    media.addEventListener("doubt", () => this.#channel.check());
    media.addEventListener("silence", (event) => {
      if (detail(event).silent) this.#channel.check();
      this.#emit("silence", detail(event));
    });
    return media;
  }

  /**
   * Sends the offer of the moment; again when the socket was lost before the answer came.
   * @param {() => {sdp: string, tracks: object[]} | null} build
   * @returns {Promise<Answer>}
   */
  async #exchange(build) {
    for (let attempt = 1; ; attempt += 1) {
      await this.#channel.opened();
      const offer = build();
      if (!offer) throw new MediaError("superseded", "there is a newer connection");
      try {
        const answer = await this.#channel.request("offer", offer);
        return /** @type {Answer} */ (/** @type {unknown} */ (answer));
      } catch (error) {
        const code = error instanceof SignalingError ? error.code : "";
        if (code === "connection-lost") continue;
        if ((code !== "busy" && code !== "rate-limited") || attempt >= 8) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250 * attempt));
      }
    }
  }

  /** @param {Message} message */
  #handle(message) {
    if (this.#applyToQueue(message)) return;
    if (QUIETER.has(message.type)) this.#media?.expectLess();
    if (this.#roster.apply(message)) {
      if (message.type === "prioritized") this.#prioritized(message);
      const about = typeof message.participant === "string" ? message.participant : message.participant?.id;
      this.#emit(message.type, { ...message, participant: this.#roster.get(about) ?? message.participant });
      this.#emit("roster", { participants: this.roster });
      for (const adaptation of this.#adaptations.prune(this.roster)) this.#emit("adapted", adaptation);
      // What is published together is received with one offer.
      if (about !== this.self?.id && !message.more) this.#receiveAll();
      return;
    }
    switch (message.type) {
      case "media":
        // The server has given our connection up, and its keys with it: an ICE restart would not bring them back.
        if (message.state === "failed") this.#mediaRefused();
        // It hears nothing of us, whatever we hear of it.
        else if (message.state === "disconnected") this.#media?.restartICE();
        break;
      case "adapted":
        if (this.#adaptations.apply(message)) this.#emit(message.type, message);
        break;
      case "encodings":
        this.#activate(message.publication, message.active);
        break;
      case "encoding":
        this.#media?.limit(this.#roster.sourceOf(message.publication), message);
        break;
      case "admitted":
        if (this.#joined) this.#joined.consultation = message.consultation;
        this.#setAdmitted(true, message.roster);
        this.#setAsideState(message.aside ?? "none");
        this.#setRecordingState(message.recording ?? "off", { soundOnly: message.soundOnly });
        this.#inCharge = message.inCharge ?? null;
        break;
      case "consents":
        this.#consents = message.consents;
        this.#emit("consents", { consents: this.#consents });
        break;
      case "waiting":
        this.#setAdmitted(false, this.roster.filter(({ id }) => id === this.self?.id).map(unpublished));
        this.#setAsideState("none");
        this.#setRecordingState("off");
        break;
      case "aside":
        this.#setAsideState(message.state);
        break;
      case "recording":
        this.#setRecordingState(message.state, message);
        break;
      case "chat":
        this.#takeWords(message.entry);
        break;
      case "charge":
        this.#inCharge = message.participant;
        this.#emit("charge", message);
        this.#emit("roster", { participants: this.roster });
        break;
      case "file":
        this.#takeFile(message.entry);
        break;
      case "notice":
        this.#emit("notice", { code: message.code, message: message.message });
        break;
      case "removed":
      case "ended":
        this.#finish(message.type, message.reason);
        break;
      case "left":
        this.#finish("left", "left");
        break;
      case "error":
        this.#emit("problem", { error: SignalingError.from(message) });
        break;
    }
  }

  /**
   * An answer names what we publish; the server tells the others, and us no more than this.
   * @param {{source: MediaSource, publication: string, muted?: boolean}} answered
   */
  #published({ source, publication: id, muted = false }) {
    const isNew = this.#publications.get(source) !== id;
    this.#publications.set(source, id);
    const rids = this.#encodings.get(id);
    if (rids) this.#activate(id, rids);
    if (!this.#uplink.hasPictures && source !== "microphone") this.#channel.post("uplink", { video: false });
    const kind = source === "microphone" ? "audio" : "video";
    // So is what counts in our picture, after a reload.
    const held = this.#ownPublication(source);
    if (held?.id === id && held.priority === "detail") this.#priorities.set(id, "detail");
    const publication = { id, kind, source, muted, priority: this.#priorities.get(id) };
    this.#hint(source, id);
    this.#roster.apply({ type: "published", participant: this.self?.id, publication });
    this.#emit("roster", { participants: this.roster });
    if (muted === this.isMuted(source)) return;
    // The server remembers a mute longer than a reloaded page does: silence wins, and the page shows it.
    // Of a publication that we know already, our own wish is the newer one: it changed while the offer was under way.
    if (muted && isNew) this.#setMuted(source, true);
    else this.#channel.post("mute", { publication: id, muted: this.isMuted(source) });
  }

  /**
   * Sends the encodings that the server finds of use. It may tell them before we have read its answer.
   * @param {string} publication
   * @param {string[]} rids
   */
  #activate(publication, rids) {
    this.#encodings.delete(publication);
    for (const [source, id] of this.#publications) {
      if (id === publication && this.#media) return this.#media.activate(source, rids);
    }
    this.#encodings.set(publication, rids);
  }

  #mediaRefused() {
    const state = this.peerConnection?.connectionState;
    if (state && state !== "new" && state !== "connecting") this.#media?.rebuild();
  }

  #receiveAll() {
    if (!this.self || !this.#media || this.#isOver) return;
    this.#quietly(this.#media.receive(this.#roster.publicationsExcept(this.self.id)));
  }

  /**
   * As an offer says it: nothing, where it is not.
   * @param {MediaSource} source
   */
  #isEncrypted(source) {
    return this.#encrypted.has(source) || undefined;
  }

  /**
   * @param {MediaSource} source
   * @param {MediaStreamTrack} track
   * @param {boolean} muted
   */
  async #send(source, track, muted) {
    if (!this.#joined || this.#isOver) throw new SignalingError("closed", "not joined");
    this.#muted.set(source, muted);
    track.enabled = !muted;
    if (!this.#media) this.#kept.set(source, track);
    const published = this.#media?.publish(source, track, muted, this.#isEncrypted(source));
    this.#emit("local", { source, track, muted });
    await published;
  }

  /**
   * @param {MediaSource} source
   * @param {boolean} muted
   */
  #setMuted(source, muted) {
    this.#muted.set(source, muted);
    const track = this.localTrack(source);
    if (track) track.enabled = !muted;
    this.#media?.setMuted(source, muted);
    const publication = this.#publications.get(source) ?? this.#ownPublication(source)?.id;
    if (publication) this.#channel.post("mute", { publication, muted });
    this.#emit("local", { source, track, muted });
  }

  /** @param {{publication: string, priority: TrackPriority}} message may come before we know our own publication */
  #prioritized({ publication, priority }) {
    this.#priorities.set(publication, priority);
    for (const [source, id] of this.#publications) if (id === publication) this.#hint(source, id);
  }

  /**
   * The encoder keeps what counts: of a picture of details the size, of any other the frames.
   * @param {MediaSource} source
   * @param {string} publication
   */
  #hint(source, publication) {
    const track = this.localTrack(source);
    const priority = this.#priorities.get(publication);
    if (track && priority) track.contentHint = priority;
  }

  /** @param {MediaSource} source */
  #ownPublication(source) {
    const self = this.self && this.#roster.get(this.self.id);
    return self ? (self.publications.find((publication) => publication.source === source) ?? null) : null;
  }

  /** @param {MediaStreamTrack} track */
  #release(track) {
    if (!this.#owned.delete(track) && track.readyState === "ended") return;
    track.stop();
  }

  /** @param {SignalingError} error */
  #over(error) {
    /** @type {Record<string, ConsultationPhase>} */
    const phases = { replaced: "replaced", ended: "ended" };
    this.#refused = !this.#joined;
    this.#finish(phases[error.code] ?? "failed", error.code);
  }

  /**
   * @param {ConsultationPhase} phase
   * @param {string} reason
   */
  #finish(phase, reason) {
    if (this.#isOver) return;
    this.#phase = phase;
    if (phase === "ended" || phase === "removed" || phase === "left") this.#store.forgetPlace();
    this.#listening.abort();
    for (const source of this.#media?.sources ?? []) this.#media?.track(source)?.stop();
    for (const track of [...this.#owned, ...this.#kept.values()]) track.stop();
    this.#kept.clear();
    this.#owned.clear();
    clearInterval(this.#reporting);
    this.#uplink.stop();
    this.#media?.close();
    this.#views.close();
    this.#channel.close();
    if (!this.#refused) this.#emit("phase", { phase, reason });
  }

  /** @param {ConsultationPhase} phase */
  #enter(phase) {
    if (this.#phase === phase || this.#isOver) return;
    this.#phase = phase;
    if (!this.#reporting) this.#reporting = window.setInterval(() => this.#report(), REPORT_PERIOD);
    this.#uplink.start();
    this.#emit("phase", { phase, reason: "" });
  }

  /** Tells the server what this end lives through; it is used for quality and nothing else. */
  async #report() {
    if (this.#phase !== "joined") return;
    const statistics = await this.stats().catch(() => null);
    if (!statistics) return;
    const pc = this.#media?.peerConnection;
    const outworn = pc ? this.#playout.follow(pc, statistics.inbound, this.#tracks.values()) : [];
    if (outworn.length > 0) this.#quietly(this.#media?.renew(outworn) ?? Promise.resolve());
    this.#channel.post("stats", qualityReport(statistics));
  }

  /** Where our own way up carries no pictures, sound goes alone, and the others are told why they see nothing. */
  #tellUplink() {
    this.#channel.post("uplink", { video: this.#uplink.hasPictures });
  }

  /** @param {Promise<unknown>} promise */
  #quietly(promise) {
    promise.catch((error) => {
      if (!this.#isOver) this.#emit("problem", { error });
    });
  }

  /**
   * @param {string} type
   * @param {unknown} data
   */
  #emit(type, data) {
    this.dispatchEvent(new CustomEvent(type, { detail: data }));
  }
}

/**
 * @param {Event} event
 * @returns {any}
 */
const detail = (event) => /** @type {CustomEvent} */ (event).detail;

/** @param {Participant} participant */
const unpublished = (participant) => ({ ...participant, publications: [] });

/** Messages after which less may come. */
const QUIETER = new Set(["muted", "unpublished", "participant-left", "participant-updated", "adapted"]);

/** @returns {EventTarget | undefined} the Network Information API, where there is one */
const connectionInformation = () => /** @type {any} */ (globalThis.navigator)?.connection;
