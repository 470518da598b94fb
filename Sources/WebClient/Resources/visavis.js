/**
 * Visavis for the browser: join a consultation, see and hear everyone in it.
 *
 * ```js
 * import { join } from "https://visavis.example/client/visavis.js";
 *
 * const consultation = await join({ url: "https://visavis.example", token });
 * consultation.addEventListener("track", ({ detail: { track, source } }) => {
 *   const element = document.createElement(source === "microphone" ? "audio" : "video");
 *   element.srcObject = new MediaStream([track]);
 *   element.autoplay = true;
 *   document.body.append(element);
 * });
 * await consultation.publish("microphone");
 * await consultation.publish("camera");
 * ```
 *
 * @module visavis
 */
/** @import { JoinOptions } from "./library/consultation.js" */
import { Consultation } from "./library/consultation.js";

export { Consultation };
export { DeviceError, MediaError, SignalingError, VisavisError } from "./library/errors.js";
export {
  canChooseSpeaker,
  canShareScreen,
  devicesAreReachable,
  listDevices,
  openDevices,
  openScreen,
  permission,
} from "./library/devices.js";
export { SessionStore } from "./library/session-store.js";

/**
 * Joins a consultation and receives everything that the others publish; what we publish is said afterwards.
 * A place that was remembered in this tab is taken again.
 *
 * @param {JoinOptions} options
 * @returns {Promise<Consultation>}
 * @throws {import("./library/errors.js").SignalingError}
 */
export function join(options) {
  return new Consultation(options).connect();
}
