/** @import { MediaSource, RemoteTrack } from "./types.js" */

/**
 * Extracts of `getStats`, with the names of webrtc-stats. Absent values are left out.
 *
 * @typedef {object} ConsultationStatistics
 * @property {number} timestamp milliseconds since 1970
 * @property {Record<string, any>} transport `srtpCipher`, `tlsVersion`, `dtlsState`, `iceState`, `bytesSent`,
 *   `bytesReceived`, and of the selected pair: `currentRoundTripTime`, `availableOutgoingBitrate`, `protocol`,
 *   `candidateType`, `relayProtocol`
 * @property {({source: MediaSource} & Record<string, any>)[]} outbound one for each publication: outbound-rtp, and under
 *   `remote` what the server reports of it (remote-inbound-rtp)
 * @property {({participant: string, publication: string, source: MediaSource} & Record<string, any>)[]} inbound one for
 *   each received publication: inbound-rtp
 */

/**
 * The way that media takes: straight to the server (`relay` is false) by UDP or TCP, or through a TURN server that we
 * reach by UDP, TCP or TLS.
 *
 * @typedef {{relay: boolean, protocol: "udp" | "tcp" | "tls"}} Route
 */

const TRANSPORT = ["srtpCipher", "tlsVersion", "dtlsState", "dtlsCipher", "iceState", "bytesSent", "bytesReceived"];
const PAIR = ["currentRoundTripTime", "availableOutgoingBitrate", "consentRequestsSent", "responsesReceived"];
const LOCAL = ["protocol", "candidateType", "relayProtocol"];
const OUTBOUND = [
  "kind", "mid", "bytesSent", "packetsSent", "retransmittedPacketsSent", "nackCount", "pliCount", "firCount",
  "targetBitrate", "frameWidth", "frameHeight", "framesPerSecond", "framesEncoded", "keyFramesEncoded",
  "qualityLimitationReason", "active",
];
const REMOTE_INBOUND = ["roundTripTime", "fractionLost", "packetsLost", "jitter"];
const INBOUND = [
  "kind", "mid", "bytesReceived", "packetsReceived", "packetsLost", "packetsDiscarded", "jitter",
  "jitterBufferDelay", "jitterBufferEmittedCount", "nackCount", "pliCount", "firCount", "frameWidth", "frameHeight",
  "framesPerSecond", "framesReceived", "framesDecoded", "framesDropped", "keyFramesDecoded", "freezeCount",
  "totalFreezesDuration", "audioLevel", "totalAudioEnergy", "totalSamplesReceived", "concealedSamples",
  "estimatedPlayoutTimestamp",
];

/**
 * @param {Record<string, any>} report
 * @param {string[]} names
 */
const pick = (report, names) =>
  Object.fromEntries(names.filter((name) => report[name] !== undefined).map((name) => [name, report[name]]));

/** @param {RTCStatsReport} report */
function byID(report) {
  /** @type {Map<string, Record<string, any>>} */
  const reports = new Map();
  report.forEach((one, id) => reports.set(id, one));
  return reports;
}

/**
 * The transport, its candidate pair and our end of that.
 * @param {Map<string, Record<string, any>>} reports
 */
function selected(reports) {
  const all = [...reports.values()];
  const transport = all.find(({ type }) => type === "transport") ?? {};
  const pair =
    reports.get(transport.selectedCandidatePairId) ??
    all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded") ??
    {};
  return { transport, pair, local: reports.get(pair.localCandidateId) ?? {} };
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<Route | null>} null before there is one
 */
export async function currentRoute(pc) {
  const { local } = selected(byID(await pc.getStats()));
  const relay = local.candidateType === "relay";
  const protocol = relay ? local.relayProtocol ?? local.protocol : local.protocol;
  return ["udp", "tcp", "tls"].includes(protocol) ? { relay, protocol } : null;
}

/**
 * What of a track was played last, and when: tells sound and picture that are not in step where the browser has no
 * `estimatedPlayoutTimestamp`.
 * @param {RTCPeerConnection} pc
 * @param {MediaStreamTrack} track
 */
function played(pc, track) {
  const receiver = pc.getReceivers().find((one) => one.track === track);
  const [last] = (receiver?.getSynchronizationSources?.() ?? []).sort((one, other) => other.timestamp - one.timestamp);
  return last ? { playedRtpTimestamp: last.rtpTimestamp, playedAt: last.timestamp } : {};
}

/**
 * @param {RTCPeerConnection} pc
 * @param {Map<MediaStreamTrack, MediaSource>} sent
 * @param {Iterable<RemoteTrack>} received
 * @returns {Promise<ConsultationStatistics>}
 */
export async function collectStatistics(pc, sent, received) {
  const reports = byID(await pc.getStats());
  const all = [...reports.values()];
  const codec = (/** @type {Record<string, any>} */ report) => {
    const mimeType = reports.get(report.codecId)?.mimeType;
    return mimeType ? { mimeType } : {};
  };

  const { transport, pair, local } = selected(reports);

  /** @type {ConsultationStatistics["outbound"]} */
  const outbound = [];
  for (const { sender, mid } of pc.getTransceivers()) {
    const source = sender.track && sent.get(sender.track);
    // Of several encodings (simulcast) the largest that is sent.
    const reported = source ? all.filter((one) => one.type === "outbound-rtp" && one.mid === mid) : [];
    const size = (/** @type {Record<string, any>} */ one) => (one.active === false ? 0 : 1) + (one.frameWidth ?? 0);
    const report = reported.sort((one, other) => size(other) - size(one))[0];
    if (!source || !report) continue;
    const remote = pick(reports.get(report.remoteId) ?? {}, REMOTE_INBOUND);
    outbound.push({ source, ...pick(report, OUTBOUND), ...codec(report), remote });
  }

  /** @type {ConsultationStatistics["inbound"]} */
  const inbound = [];
  for (const { track, participant, publication, source } of received) {
    const report = all.find((one) => one.type === "inbound-rtp" && one.trackIdentifier === track.id);
    if (!report) continue;
    inbound.push({ participant, publication, source, ...pick(report, INBOUND), ...played(pc, track), ...codec(report) });
  }

  return {
    // By the clock of `getSynchronizationSources`: that of the day may be set while somebody talks.
    timestamp: performance.timeOrigin + performance.now(),
    transport: { ...pick(transport, TRANSPORT), ...pick(pair, PAIR), ...pick(local, LOCAL) },
    outbound,
    inbound,
  };
}

/** What the quality monitor of the server reads, and no more. */
const REPORTED = {
  transport: ["protocol", "candidateType", "currentRoundTripTime"],
  outbound: ["source", "qualityLimitationReason", "framesPerSecond", "frameWidth", "frameHeight"],
  inbound: [
    "publication", "framesDecoded", "totalFreezesDuration", "concealedSamples", "totalSamplesReceived",
    "jitterBufferDelay", "jitterBufferEmittedCount", "estimatedPlayoutTimestamp",
    "playedRtpTimestamp", "playedAt",
  ],
};

/**
 * The fields of a `stats` message.
 * @param {ConsultationStatistics} statistics
 */
export function qualityReport({ timestamp, transport, outbound, inbound }) {
  return {
    timestamp,
    transport: pick(transport, REPORTED.transport),
    outbound: outbound.map((one) => pick(one, REPORTED.outbound)),
    inbound: inbound.map((one) => pick(one, REPORTED.inbound)),
  };
}
