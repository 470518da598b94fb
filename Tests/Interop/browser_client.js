// A WHIP publisher and a WHEP viewer in a browser, by the letter of RFC 9725: no library of ours.

class StandaloneClient {
  constructor(url, token) {
    this.url = url;
    this.token = token;
    this.connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  }

  headers(type) {
    return { Authorization: `Bearer ${this.token}`, "Content-Type": type };
  }

  /** Candidates trickle: the offer goes before they are gathered. */
  async open() {
    const early = [];
    const keep = ({ candidate }) => early.push(candidate);
    this.connection.addEventListener("icecandidate", keep);
    await this.connection.setLocalDescription();
    const reply = await fetch(this.url, {
      method: "POST",
      headers: this.headers("application/sdp"),
      body: this.connection.localDescription.sdp,
    });
    if (reply.status !== 201) throw new Error(`${reply.status}: ${await reply.text()}`);
    this.location = new URL(reply.headers.get("Location"), this.url).href;
    this.entityTag = reply.headers.get("ETag");
    await this.connection.setRemoteDescription({ type: "answer", sdp: await reply.text() });
    this.connection.removeEventListener("icecandidate", keep);
    this.connection.addEventListener("icecandidate", (event) => this.trickle(event.candidate));
    await Promise.all(early.map((candidate) => this.trickle(candidate)));
    return this.location;
  }

  async trickle(candidate) {
    const sdp = this.connection.localDescription.sdp;
    const attribute = (name) => sdp.match(new RegExp(`a=${name}:.*`))[0].trim();
    const line = candidate?.candidate ? `a=${candidate.candidate}` : "a=end-of-candidates";
    const fragment =
      [attribute("ice-ufrag"), attribute("ice-pwd"), "m=audio 9 RTP/AVP 0", "a=mid:0", line].join(
        "\r\n",
      ) + "\r\n";
    const reply = await this.patch(fragment, this.entityTag);
    this.trickled = [...(this.trickled ?? []), reply.status];
  }

  patch(fragment, entityTag) {
    return fetch(this.location, {
      method: "PATCH",
      headers: {
        ...this.headers("application/trickle-ice-sdpfrag"),
        "If-Match": entityTag,
      },
      body: fragment,
    });
  }

  /** RFC 9725 section 4.3.3: new credentials there, new credentials and candidates back. */
  async restart() {
    const offer = await this.connection.createOffer({ iceRestart: true });
    const value = (text, name) => text.match(new RegExp(`a=${name}:(.*)`))[1].trim();
    const reply = await this.patch(
      [
        "a=ice-options:trickle ice2",
        "a=group:BUNDLE 0 1",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=mid:0",
        `a=ice-ufrag:${value(offer.sdp, "ice-ufrag")}`,
        `a=ice-pwd:${value(offer.sdp, "ice-pwd")}`,
        "",
      ].join("\r\n"),
      "*",
    );
    if (reply.status !== 200) throw new Error(`${reply.status}: ${await reply.text()}`);
    const entityTag = reply.headers.get("ETag");
    const fragment = await reply.text();
    const answer = this.connection.remoteDescription.sdp
      .replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:${value(fragment, "ice-ufrag")}`)
      .replace(/a=ice-pwd:.*/g, `a=ice-pwd:${value(fragment, "ice-pwd")}`);
    this.entityTag = entityTag;
    await this.connection.setLocalDescription(offer);
    await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
    return value(fragment, "ice-ufrag");
  }

  /** What the selected pair's other end is called, and whether media flows over it. */
  async selected() {
    const report = await this.connection.getStats();
    const all = [...report.values()];
    const transport = all.find((entry) => entry.type === "transport");
    const pair = report.get(transport?.selectedCandidatePairId);
    return {
      state: this.connection.connectionState,
      remoteUsernameFragment: report.get(pair?.remoteCandidateId)?.usernameFragment,
      cipher: transport?.srtpCipher,
      bytesSent: transport?.bytesSent ?? 0,
    };
  }
}

/** Publishes a tone and a bar that walks over the picture. */
window.publish = async (url, token) => {
  const client = (window.client = new StandaloneClient(url, token));
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const drawing = canvas.getContext("2d");
  setInterval(() => {
    const left = ((performance.now() / 2000) * 320) % 320;
    drawing.fillStyle = "rgb(30,30,30)";
    drawing.fillRect(0, 0, 320, 240);
    drawing.fillStyle = "rgb(230,230,230)";
    drawing.fillRect(left, 0, 40, 240);
    drawing.fillRect(left - 320, 0, 40, 240);
  }, 40);
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 440 });
  const destination = context.createMediaStreamDestination();
  tone.connect(destination);
  tone.start();
  const stream = new MediaStream([
    destination.stream.getAudioTracks()[0],
    canvas.captureStream(25).getVideoTracks()[0],
  ]);
  for (const track of stream.getTracks()) {
    client.connection.addTransceiver(track, { direction: "sendonly", streams: [stream] });
  }
  return client.open();
};

/** Plays into a video element and an analyser. */
window.play = async (url, token) => {
  const client = (window.client = new StandaloneClient(url, token));
  const video = (window.video = document.createElement("video"));
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  client.connection.addEventListener("track", ({ track, streams }) => {
    video.srcObject = streams[0];
    window.streams = (window.streams ?? new Set()).add(streams[0].id);
    if (track.kind === "audio") {
      const context = new AudioContext();
      window.analyser = context.createAnalyser();
      context.createMediaStreamSource(new MediaStream([track])).connect(window.analyser);
    }
  });
  client.connection.addTransceiver("audio", { direction: "recvonly" });
  client.connection.addTransceiver("video", { direction: "recvonly" });
  return client.open();
};

/** The column in which the played picture is brightest (nothing yet: null). */
window.barPosition = () => {
  const video = window.video;
  if (!video?.videoWidth) return null;
  const canvas = new OffscreenCanvas(320, 1);
  const drawing = canvas.getContext("2d");
  drawing.drawImage(video, 0, video.videoHeight / 2, video.videoWidth, 1, 0, 0, 320, 1);
  const row = drawing.getImageData(0, 0, 320, 1).data;
  let [best, position] = [-1, 0];
  for (let x = 0; x < 320; x += 4) {
    let sum = 0;
    for (let i = x; i < Math.min(x + 32, 320); i++) sum += row[i * 4];
    if (sum > best) [best, position] = [sum, x];
  }
  return position;
};

/** Root mean square of what is heard, of 1. */
window.loudness = () => {
  if (!window.analyser) return 0;
  const samples = new Float32Array(window.analyser.fftSize);
  window.analyser.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
};
