/** @import { Consultation } from "../visavis.js" */
/** @import { MessageKind } from "./message-view.js" */
/** @import { Prepared } from "./preview.js" */
import { join, openDevices, SessionStore, SignalingError } from "../visavis.js";
import { CallView } from "./call-view.js";
import { formatTime, t, translatePage } from "./language.js";
import { publishes, readClaims, takeToken } from "./link.js";
import { showMessage, showProgress } from "./message-view.js";
import { askSatisfaction } from "./rating.js";
import { Preview } from "./preview.js";

const store = new SessionStore();

/** The consultation that is shown, also for whoever examines the page: `window.visavis.consultation`. */
const shown = { consultation: /** @type {Consultation | null} */ (null) };
Object.assign(window, { visavis: shown });

function start() {
  translatePage();
  document.title = t("title");
  // Another link opened in this tab changes only the fragment: begin anew with it.
  window.addEventListener("hashchange", () => location.reload());
  const token = takeToken(store);
  if (!token) showMessage("no-link", { actions: [{ label: "action.home", run: "/" }] });
  else if (!("RTCPeerConnection" in window && "WebSocket" in window)) showMessage("unsupported");
  else if (store.value?.resume) comeBack();
  else prepare();
}

/** Before joining. */
function prepare() {
  const claims = readClaims(store.value?.token ?? "");
  new Preview(claims, enter).show(store.value?.devices);
}

/** The page was reloaded in the middle of a consultation: straight back into it. */
async function comeBack() {
  showProgress("returning");
  const choice = store.value?.devices ?? {};
  /** @type {Prepared} */
  const prepared = { tracks: {}, muted: { camera: false, microphone: false }, choice };
  if (publishes(readClaims(store.value?.token ?? "").role)) {
    for (const wanted of [
      { camera: choice.camera || true, microphone: choice.microphone || true },
      { microphone: choice.microphone || true },
    ]) {
      try {
        prepared.tracks = await openDevices(wanted);
        break;
      } catch {
        // Without; the controls of the consultation offer them again.
      }
    }
  }
  await enter(prepared, true).catch(() => {
    prepared.tracks.camera?.stop();
    prepared.tracks.microphone?.stop();
  });
}

/**
 * @param {Prepared} prepared
 * @param {boolean} [again] whether the server knows better than this page what is muted
 */
async function enter(prepared, again = false) {
  try {
    const consultation = await join({ store, onBusy: () => showMessage("busy") });
    shown.consultation = consultation;
    store.update({ devices: prepared.choice });
    const view = new CallView(consultation, {
      choice: prepared.choice,
      onChoice: (choice) => store.update({ devices: choice }),
    });
    consultation.addEventListener("phase", (event) => {
      const { phase, reason } = /** @type {CustomEvent} */ (event).detail;
      if (phase === "joined" || phase === "reconnecting") return;
      view.dispose();
      showEnd(phase, reason);
      if (phase === "left" || phase === "ended") askSatisfaction(consultation);
    });
    view.show();
    for (const source of /** @type {const} */ (["microphone", "camera"])) {
      const track = prepared.tracks[source];
      if (!track) continue;
      const muted = again ? undefined : prepared.muted[source];
      consultation.publish(source, { track, muted }).catch((error) => view.publishFailed(error));
    }
  } catch (error) {
    refused(error);
    throw error;
  }
}

/**
 * @param {string} phase
 * @param {string} reason
 */
function showEnd(phase, reason) {
  const home = { label: /** @type {const} */ ("action.home"), run: "/" };
  switch (phase) {
    case "left":
      return showMessage("left", { actions: [{ label: "action.return", run: prepare }] });
    case "ended":
      return showMessage("ended", { actions: [home] });
    case "removed":
      return showMessage("removed", { actions: [{ label: "action.retry", run: prepare }] });
    case "replaced":
      store.forgetPlace();
      return showMessage("replaced", { actions: [{ label: "action.here", run: prepare }] });
    default:
      if (reason === "unreachable" || reason === "closed") {
        return showMessage("failed", { actions: [{ label: "action.retry", run: comeBack }] });
      }
      return refused(new SignalingError(reason, reason));
  }
}

/** @param {unknown} error */
function refused(error) {
  const code = error instanceof SignalingError ? error.code : "internal";
  if (code !== "unreachable") store.forgetPlace();
  const retry = { label: /** @type {const} */ ("action.retry"), run: prepare };
  if (code === "unauthorized" || code === "forbidden") {
    const { nbf, exp } = readClaims(store.value?.token ?? "");
    const now = Date.now() / 1000;
    if (exp && exp < now) showMessage("expired", { values: { time: formatTime(exp) } });
    else if (nbf && nbf > now) showMessage("too-early", { values: { time: formatTime(nbf) }, actions: [retry] });
    else showMessage("invalid");
    return;
  }
  if (code === "too-early" && error instanceof SignalingError) {
    // By the clock of the server, not of this machine.
    const opens = Date.now() / 1000 + (error.retryAfter ?? 0);
    showMessage("too-early", { values: { time: formatTime(opens) }, actions: [retry] });
    return;
  }
  if (code === "too-late") {
    showMessage("too-late");
    return;
  }
  /** @type {Record<string, MessageKind>} */
  const kinds = { unreachable: "unreachable", "not-found": "not-found", full: "full", ended: "ended" };
  const kind = kinds[code] ?? "internal";
  if (kind === "ended") showMessage(kind, { actions: [{ label: "action.home", run: "/" }] });
  else showMessage(kind, { actions: [retry] });
}

start();
