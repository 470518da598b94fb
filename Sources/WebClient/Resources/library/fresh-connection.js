/**
 * A connection that knows the network as it is at this moment. Chromium tells a page of a change of its addresses up to
 * two seconds after it, and a new RTCPeerConnection of the page knows the old ones until then; one of a new frame asks
 * the system.
 * @param {RTCConfiguration} configuration
 * @returns {{pc: RTCPeerConnection, close: () => void}} `close` takes the frame away too
 */
export function freshConnection(configuration) {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "";
  document.body.append(frame);
  try {
    const { RTCPeerConnection } = /** @type {Window & typeof globalThis} */ (frame.contentWindow);
    const pc = new RTCPeerConnection(configuration);
    return { pc, close: () => (pc.close(), frame.remove()) };
  } catch {
    frame.remove();
    const pc = new RTCPeerConnection(configuration);
    return { pc, close: () => pc.close() };
  }
}
