import { DeviceError } from "./errors.js";

/**
 * @typedef {object} DeviceList
 * @property {MediaDeviceInfo[]} cameras
 * @property {MediaDeviceInfo[]} microphones
 * @property {MediaDeviceInfo[]} speakers empty where the browser cannot choose one
 */

/** Whether this page may ask for devices at all (it must come over HTTPS or from this machine). */
export const devicesAreReachable = () => Boolean(navigator.mediaDevices?.getUserMedia);

/** Whether this browser can share a screen (phones mostly cannot). */
export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** Whether this browser can play through a chosen speaker. */
export const canChooseSpeaker = () => "setSinkId" in HTMLMediaElement.prototype;

/**
 * The devices of this machine. Labels are empty until the permission was given.
 * @returns {Promise<DeviceList>}
 */
export async function listDevices() {
  if (!devicesAreReachable()) return { cameras: [], microphones: [], speakers: [] };
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (/** @type {string} */ kind) => all.filter((device) => device.kind === kind && device.deviceId !== "");
  return {
    cameras: of("videoinput"),
    microphones: of("audioinput"),
    speakers: canChooseSpeaker() ? of("audiooutput") : [],
  };
}

/**
 * What the browser remembers about a permission; `unknown` where it does not tell.
 * @param {"camera" | "microphone"} name
 * @returns {Promise<"granted" | "denied" | "prompt" | "unknown">}
 */
export async function permission(name) {
  try {
    const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ (name) });
    return status.state;
  } catch {
    return "unknown";
  }
}

/** @param {string} [deviceId] */
const chosen = (deviceId) => (deviceId ? { deviceId: { exact: deviceId } } : {});

/**
 * @param {string} [deviceId]
 * @returns {MediaTrackConstraints}
 */
export const cameraConstraints = (deviceId) => ({
  ...chosen(deviceId),
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
  ...(deviceId ? {} : { facingMode: "user" }),
});

/**
 * @param {string} [deviceId]
 * @returns {MediaTrackConstraints}
 */
export const microphoneConstraints = (deviceId) => ({
  ...chosen(deviceId),
  channelCount: { ideal: 1 },
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
});

/**
 * Opens a camera, a microphone, or both with one question to the user.
 * A chosen device that is no longer there is replaced by the default one.
 * @param {{camera?: boolean | string, microphone?: boolean | string}} wanted true: the default device; a text: its id
 * @returns {Promise<{camera?: MediaStreamTrack, microphone?: MediaStreamTrack}>}
 * @throws {DeviceError}
 */
export async function openDevices({ camera, microphone }) {
  if (!devicesAreReachable()) {
    throw new DeviceError(
      window.isSecureContext ? "not-supported" : "insecure-page",
      "this page cannot reach cameras and microphones",
    );
  }
  const id = (/** @type {boolean | string | undefined} */ value) => (typeof value === "string" ? value : undefined);
  const ask = (/** @type {boolean} */ exact) =>
    navigator.mediaDevices.getUserMedia({
      video: camera ? cameraConstraints(exact ? id(camera) : undefined) : false,
      audio: microphone ? microphoneConstraints(exact ? id(microphone) : undefined) : false,
    });
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await ask(true);
  } catch (error) {
    const ours = DeviceError.from(error);
    if (ours.code !== "unsuitable" && ours.code !== "no-device") throw ours;
    if (!id(camera) && !id(microphone)) throw ours;
    try {
      stream = await ask(false);
    } catch (second) {
      throw DeviceError.from(second);
    }
  }
  const [video] = stream.getVideoTracks();
  const [audio] = stream.getAudioTracks();
  if (video) video.contentHint = "motion";
  if (audio) audio.contentHint = "speech";
  return { ...(video && { camera: video }), ...(audio && { microphone: audio }) };
}

/**
 * Asks which screen, window or tab to show.
 * @returns {Promise<MediaStreamTrack>}
 * @throws {DeviceError} `cancelled` when the user chose none
 */
export async function openScreen() {
  if (!canShareScreen()) throw new DeviceError("not-supported", "this browser cannot share a screen");
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 10, max: 15 }, width: { max: 1920 }, height: { max: 1080 } },
      audio: false,
    });
    const [track] = stream.getVideoTracks();
    if (!track) throw new DeviceError("device-failed", "the browser gave no picture");
    track.contentHint = "detail";
    return track;
  } catch (error) {
    throw DeviceError.from(error, { screen: true });
  }
}
