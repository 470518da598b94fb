/**
 * Typed errors. `code` is for programs, `message` for people who develop; a page shows its own words.
 *
 * Codes of the server: `bad-json`, `unknown-type`, `bad-field`, `too-large`, `wrong-state`, `unauthorized`,
 * `forbidden`, `not-found`, `full`, `bad-sdp`, `busy`, `too-early`, `too-late`, `rate-limited`, `resume-expired`,
 * `encrypted`, `internal`.
 */
export class VisavisError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{cause?: unknown}} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = new.target.name;
    /** @readonly */
    this.code = code;
  }
}

/**
 * The server refused, or could not be reached. Besides the server's codes: `connection-lost`, `timeout`,
 * `unreachable`, `replaced`, `closed`, `ended`, `shutting-down`.
 */
export class SignalingError extends VisavisError {
  /** Whether the server closes the connection after it. */
  fatal = false;
  /** @type {number | undefined} seconds after which the same may succeed */ retryAfter;

  /**
   * @param {Record<string, any>} message an `error` of the server
   * @returns {SignalingError}
   */
  static from({ code, message, fatal, retryAfter }) {
    const error = new SignalingError(code ?? "internal", message ?? "");
    error.fatal = fatal === true;
    if (Number.isFinite(retryAfter)) error.retryAfter = retryAfter;
    return error;
  }
}

/** The media connection could not be made: `negotiation-failed`, `superseded`, `not-supported`. */
export class MediaError extends VisavisError {}

/**
 * A camera, microphone or screen could not be had: `permission-denied`, `no-device`, `device-busy`,
 * `unsuitable`, `insecure-page`, `not-supported`, `cancelled`, `device-failed`.
 */
export class DeviceError extends VisavisError {
  /**
   * The error of `getUserMedia` or `getDisplayMedia` in our words.
   * @param {unknown} error
   * @param {{screen?: boolean}} [context]
   * @returns {DeviceError}
   */
  static from(error, { screen = false } = {}) {
    if (error instanceof DeviceError) return error;
    const name = error instanceof Error ? error.name : "";
    /** @type {Record<string, string>} */
    const codes = {
      NotAllowedError: screen ? "cancelled" : "permission-denied",
      SecurityError: "permission-denied",
      NotFoundError: "no-device",
      DevicesNotFoundError: "no-device",
      NotReadableError: "device-busy",
      TrackStartError: "device-busy",
      AbortError: screen ? "cancelled" : "device-busy",
      OverconstrainedError: "unsuitable",
      TypeError: "not-supported",
    };
    return new DeviceError(codes[name] ?? "device-failed", `${name || "error"}: ${String(error)}`, { cause: error });
  }
}
