import { listDevices } from "../visavis.js";
import { create } from "./elements.js";
import { t } from "./language.js";
import { LevelMeter, playTestSound } from "./level-meter.js";

/**
 * @typedef {"camera" | "microphone" | "speaker"} DeviceKind
 * @typedef {Partial<Record<DeviceKind, string>>} Choice device ids
 */

/** The three choices of devices, with a level bar and a test sound; used before joining and in the settings. */
export class DevicePickers {
  /** @type {HTMLElement} */ #container;
  /** @type {(kind: DeviceKind, id: string) => void} */ #onChoice;
  /** @type {LevelMeter | null} */ #meter = null;
  /** @type {MediaStreamTrack | null} */ #metered = null;
  /** @type {Choice} */ #choice = {};
  #listening = new AbortController();

  /**
   * @param {HTMLElement} container
   * @param {(kind: DeviceKind, id: string) => void} onChoice
   */
  constructor(container, onChoice) {
    this.#container = container;
    this.#onChoice = onChoice;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#redraw(), { signal: this.#listening.signal });
  }

  /** @returns {Choice} */
  get choice() {
    return { ...this.#choice };
  }

  /**
   * Shows the lists.
   * @param {Choice} choice
   * @param {MediaStreamTrack | null} microphone the track whose level is shown
   */
  async show(choice, microphone) {
    this.#choice = { ...choice };
    this.#metered = microphone;
    await this.#redraw();
  }

  hide() {
    this.#meter?.stop();
    this.#meter = null;
    this.#metered = null;
    this.#container.replaceChildren();
  }

  dispose() {
    this.#listening.abort();
    this.hide();
  }

  async #redraw() {
    const { cameras, microphones, speakers } = await listDevices();
    const focused = document.activeElement?.id;
    this.#meter?.stop();
    this.#meter = null;
    this.#container.replaceChildren();
    if (cameras.length > 0) this.#container.append(this.#picker("camera", cameras));
    if (microphones.length > 0) {
      const picker = this.#picker("microphone", microphones);
      if (this.#metered) picker.append(this.#level(this.#metered));
      this.#container.append(picker);
    }
    if (speakers.length > 0) this.#container.append(this.#picker("speaker", speakers));
    if (focused) document.getElementById(focused)?.focus();
  }

  /**
   * @param {DeviceKind} kind
   * @param {MediaDeviceInfo[]} devices
   */
  #picker(kind, devices) {
    const id = `${this.#container.id}-${kind}`;
    const label = create("label", { text: t(`device.${kind}`) });
    label.htmlFor = id;
    const select = create("select");
    select.id = id;
    devices.forEach((device, index) => {
      const name = device.label || t("device.numbered", { kind: t(`device.${kind}`), number: index + 1 });
      const option = new Option(name, device.deviceId);
      option.selected = device.deviceId === this.#choice[kind];
      select.append(option);
    });
    select.addEventListener("change", () => {
      this.#choice[kind] = select.value;
      this.#onChoice(kind, select.value);
    });
    const row = create("div", { class: "picker-row" }, [select]);
    if (kind === "speaker") {
      const test = create("button", { class: "button", text: t("preview.test") });
      test.type = "button";
      test.addEventListener("click", async () => {
        test.disabled = true;
        await playTestSound(select.value).catch(() => {});
        test.disabled = false;
      });
      row.append(test);
    }
    return create("div", { class: "picker" }, [label, row]);
  }

  /** @param {MediaStreamTrack} track */
  #level(track) {
    const bar = create("div", { class: "level-bar" });
    const meter = create("div", { class: "level-track" }, [bar]);
    meter.setAttribute("role", "meter");
    meter.setAttribute("aria-label", t("preview.level"));
    meter.setAttribute("aria-valuemin", "0");
    meter.setAttribute("aria-valuemax", "100");
    meter.setAttribute("aria-valuenow", "0");
    this.#meter = new LevelMeter(meter, bar);
    this.#meter.start(track);
    return create("div", { class: "level" }, [meter, create("span", { text: t("preview.speak") })]);
  }
}
