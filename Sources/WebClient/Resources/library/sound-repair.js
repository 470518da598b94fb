/**
 * A description in which sound that was lost is asked for again (RFC 4585 section 6.2.1): browsers can, where somebody
 * offers it. In-band FEC and RED mend single packets; bursts of radio links are longer, and their paths short enough
 * for a packet to come again before it is due.
 * @param {string} sdp
 */
export function withSoundRepair(sdp) {
  return sdp
    .split(/(?=^m=)/m)
    .map((section) => (section.startsWith("m=audio") ? withNACK(section) : section))
    .join("");
}

/** @param {string} section */
function withNACK(section) {
  return section.replace(/^a=rtpmap:(\d+) (?:opus|red)\/48000.*\r\n/gim, (line, type) =>
    section.includes(`a=rtcp-fb:${type} nack\r\n`) ? line : `${line}a=rtcp-fb:${type} nack\r\n`,
  );
}
