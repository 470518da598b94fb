/** @import { Consultation } from "../library/consultation.js" */
/** @import { Participant } from "../library/types.js" */
import { create, dialog, html } from "./elements.js";
import { roleName, t } from "./language.js";

/**
 * The button by which a physician takes somebody out; it asks first, and whether for good.
 * @param {Consultation} consultation
 * @param {Participant} participant
 * @param {() => void} failed
 * @returns {HTMLButtonElement[]} none for who may not
 */
export function removalButton(consultation, participant, failed) {
  const { self } = consultation;
  if (self?.role !== "physician" || participant.id === self.id) return [];
  const name = participant.name || roleName(participant.role);
  const made = create("button", { class: "button small", text: t("people.remove") });
  made.type = "button";
  made.setAttribute("aria-label", t("people.remove.name", { name }));
  made.addEventListener("click", () => ask(consultation, participant.id, name, failed));
  return [made];
}

/**
 * @param {Consultation} consultation
 * @param {string} participant
 * @param {string} name
 * @param {() => void} failed
 */
function ask(consultation, participant, name, failed) {
  const asking = dialog("remove-dialog");
  html("remove-heading").textContent = t("remove.heading", { name });
  asking.returnValue = "";
  asking.addEventListener(
    "close",
    async () => {
      const choice = asking.returnValue;
      if (choice !== "remove" && choice !== "ban") return;
      try {
        await consultation.remove(participant, { ban: choice === "ban" });
      } catch {
        failed();
      }
    },
    { once: true },
  );
  asking.showModal();
}
