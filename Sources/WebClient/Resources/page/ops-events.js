/**
 * Reads server-sent events with a token, which `EventSource` cannot send.
 *
 * @param {string} path
 * @param {string} token
 * @param {(name: string, data: any) => void} take
 * @returns {Promise<number>} the status that refused us, or 0 when the stream has ended
 */
export async function readEvents(path, token, take) {
  const response = await fetch(path, { headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
  if (!response.ok || !response.body) return response.status;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return 0;
    text += value;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const fields = Object.fromEntries(
        event.split("\n").map((line) => {
          const colon = line.indexOf(": ");
          return [line.slice(0, colon), line.slice(colon + 2)];
        }),
      );
      if (fields.data) take(fields.event ?? "message", JSON.parse(fields.data));
    }
  }
}
