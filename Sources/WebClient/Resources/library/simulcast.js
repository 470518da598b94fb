/** The camera in several sizes (simulcast): each viewer gets the one that fits. */

/**
 * What we send of a camera, from the smallest picture up. Only the last runs until the server says that others are of
 * use, which is never for two people: one encoding then fits the whole way.
 *
 * Chromium leaves the uppermost encodings out where the camera's picture is small: it encodes three from 960 x 540
 * pixels, two from 480 x 270.
 * @param {MediaStreamTrack} track
 * @param {RTCRtpEncodingParameters} full what we like to send
 * @returns {RTCRtpEncodingParameters[]}
 */
export function sizes(track, full) {
  const { width = 1280, height = 720 } = track.getSettings();
  const largest = { rid: "f", ...full };
  if (width * height >= 960 * 540) {
    return [
      { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 30, active: false },
      { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000, maxFramerate: 30, active: false },
      largest,
    ];
  }
  if (width * height >= 480 * 270) {
    return [{ rid: "h", scaleResolutionDownBy: 2, maxBitrate: 200_000, maxFramerate: 30, active: false }, largest];
  }
  return [full];
}

/** The header extensions that name the encoding of a packet (RFC 8852), and of a repair. */
const NAMES = ["sdes:rtp-stream-id", "sdes:repaired-rtp-stream-id"];

/**
 * What TypeScript does not know yet of a transceiver (WebRTC Extensions, section 5.2).
 * @typedef {object} HeaderExtensionNegotiation
 * @property {() => {uri: string, direction: string}[]} [getHeaderExtensionsToNegotiate]
 * @property {(extensions: {uri: string, direction: string}[]) => void} [setHeaderExtensionsToNegotiate]
 */

/**
 * Chromium offers a new section with the header extensions that earlier ones of its kind agreed on, and then takes
 * simulcast without the names of its encodings for an error: they are asked for by hand.
 * @param {RTCRtpTransceiver} transceiver
 */
export function nameEncodings(transceiver) {
  if ((transceiver.sender.getParameters().encodings?.length ?? 0) < 2) return;
  /** @type {HeaderExtensionNegotiation} */
  const negotiation = /** @type {any} */ (transceiver);
  const extensions = negotiation.getHeaderExtensionsToNegotiate?.();
  if (!extensions) return;
  for (const extension of extensions) {
    if (NAMES.some((name) => extension.uri.endsWith(name))) extension.direction = "sendrecv";
  }
  negotiation.setHeaderExtensionsToNegotiate?.(extensions);
}
