/** Shows how loud a track is, for as long as it is asked to. */
export class LevelMeter {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {MediaStreamAudioSourceNode | null} */ #source = null;
  #frame = 0;
  #bar;
  #meter;
  #loudest = 0;

  /**
   * @param {HTMLElement} meter the element with role `meter`
   * @param {HTMLElement} bar its moving part
   */
  constructor(meter, bar) {
    this.#meter = meter;
    this.#bar = bar;
  }

  /** Whether anything came from the track so far; null while the browser lets nobody listen. */
  get heard() {
    return this.#context?.state === "running" ? this.#loudest > 0 : null;
  }

  /** @param {MediaStreamTrack} track */
  start(track) {
    this.stop();
    this.#loudest = 0;
    const context = new AudioContext();
    this.#context = context;
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(analyser);
    // Without a gesture the browser may hold the context; the first touch of the page frees it.
    if (context.state === "suspended") {
      document.addEventListener("pointerdown", () => context.resume().catch(() => {}), { once: true });
    }
    const samples = new Float32Array(analyser.fftSize);
    let shown = 0;
    let told = 0;
    const draw = (/** @type {number} */ now) => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      const decibels = 10 * Math.log10(sum / samples.length + 1e-10);
      const level = Math.max(0, Math.min(1, (decibels + 60) / 50));
      shown = Math.max(level, shown * 0.92);
      this.#loudest = Math.max(this.#loudest, level);
      this.#bar.style.transform = `scaleX(${shown.toFixed(3)})`;
      if (now - told > 500) {
        told = now;
        this.#meter.setAttribute("aria-valuenow", String(Math.round(shown * 100)));
      }
      this.#frame = requestAnimationFrame(draw);
    };
    this.#frame = requestAnimationFrame(draw);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#source?.disconnect();
    this.#context?.close().catch(() => {});
    this.#source = this.#context = null;
    this.#bar.style.transform = "scaleX(0)";
  }
}

/**
 * A short soft tone through the chosen speaker.
 * @param {string} [speaker]
 */
export async function playTestSound(speaker) {
  const context = new AudioContext();
  const gain = context.createGain();
  const output = context.createMediaStreamDestination();
  const player = new Audio();
  player.srcObject = output.stream;
  if (speaker && "setSinkId" in player) await player.setSinkId(speaker).catch(() => {});
  await player.play();
  gain.connect(output);
  [523.25, 659.25, 783.99].forEach((frequency, index) => {
    const start = context.currentTime + 0.1 + index * 0.25;
    const tone = context.createOscillator();
    const shape = context.createGain();
    tone.frequency.value = frequency;
    shape.gain.setValueAtTime(0, start);
    shape.gain.linearRampToValueAtTime(0.25, start + 0.03);
    shape.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
    tone.connect(shape).connect(gain);
    tone.start(start);
    tone.stop(start + 0.65);
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  player.srcObject = null;
  await context.close();
}
