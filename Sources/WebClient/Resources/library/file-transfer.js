/** @import { SharedFile } from "./types.js" */
import { SignalingError } from "./errors.js";

/** Octets of the first request; fewer when the network does not carry that in time. */
const CHUNK = 256 * 1024;
const SMALLEST = 16 * 1024;
const PATIENCE = 25_000;
const ATTEMPTS = 8;

/**
 * Sends a file in pieces, each where the server says that it belongs: a lost connection costs one piece.
 * @param {string} base address of `/v1/consultations/{id}/files`
 * @param {() => string} token the participant's
 * @param {File} file
 * @param {(part: number) => void} onProgress from 0 to 1
 * @param {AbortSignal} [signal]
 * @returns {Promise<SharedFile>}
 * @throws {SignalingError}
 */
export async function upload(base, token, file, onProgress, signal) {
  const ask = async (/** @type {string} */ address, /** @type {RequestInit} */ request) => {
    const timeout = AbortSignal.timeout(PATIENCE);
    const reply = await fetch(address, {
      ...request,
      headers: { ...request.headers, Authorization: `Bearer ${token()}` },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (reply.ok || reply.status === 409) return reply;
    throw await refusal(reply);
  };
  const begun = await ask(base, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: shortened(file.name), size: file.size }),
  });
  if (!begun.ok) throw await refusal(begun);
  const address = `${base}/${(await begun.json()).id}`;
  let offset = 0;
  let chunk = CHUNK;
  for (let failures = 0; ; ) {
    try {
      const piece = file.slice(offset, offset + chunk);
      const reply = await ask(address, { method: "PATCH", headers: { "Upload-Offset": String(offset) }, body: piece });
      const next = reply.headers.get("Upload-Offset");
      if (reply.status === 409 && next === null) throw await refusal(reply);
      if (reply.status === 200) return await reply.json();
      offset = Number(next);
      failures = 0;
      onProgress(offset / file.size);
    } catch (error) {
      if (signal?.aborted || (error instanceof SignalingError && error.code !== "rate-limited")) throw error;
      failures += 1;
      if (failures >= ATTEMPTS) throw new SignalingError("connection-lost", "the file could not be sent");
      chunk = Math.max(SMALLEST, chunk / 2);
      await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** failures));
      // The answer may be lost while the piece is there.
      const asked = await ask(address, { method: "HEAD" }).catch(() => null);
      if (asked?.headers.has("Upload-Offset")) offset = Number(asked.headers.get("Upload-Offset"));
    }
  }
}

/**
 * @param {string} address
 * @param {string} token
 * @returns {Promise<Blob>}
 * @throws {SignalingError}
 */
export async function download(address, token) {
  const reply = await fetch(address, { headers: { Authorization: `Bearer ${token}` } });
  if (!reply.ok) throw await refusal(reply);
  return reply.blob();
}

/** @param {Response} reply */
async function refusal(reply) {
  const { error } = await reply.json().catch(() => ({ error: null }));
  return SignalingError.from(error ?? { code: "internal", message: `status ${reply.status}` });
}

/**
 * The end of a name says what it is.
 * @param {string} name
 */
const shortened = (name) => [...name.replace(/[/\\\p{C}]/gu, "_")].slice(-60).join("").trim() || "file";
