/** @import { Consultation } from "../library/consultation.js" */
import { create, element, html } from "./elements.js";
import { announce, t } from "./language.js";

const SCORES = /** @type {const} */ ([1, 2, 3, 4, 5]);

/**
 * Asks a patient or a physician how content they are: one number, kept with the record.
 * @param {Consultation} consultation that is over for us
 */
export function askSatisfaction(consultation) {
  const role = consultation.self?.role;
  if ((role !== "patient" && role !== "physician") || !consultation.admitted) return;
  const said = html("rating-said");
  said.textContent = "";
  const scores = element("rating-scores", HTMLElement);
  scores.replaceChildren(
    ...SCORES.map((score) => {
      const made = create("button", { class: "score" }, [
        create("strong", { text: String(score) }),
        create("span", { text: t(`rating.${score}`) }),
      ]);
      made.type = "button";
      made.setAttribute("aria-pressed", "false");
      made.addEventListener("click", async () => {
        for (const one of scores.children) one.setAttribute("aria-pressed", String(one === made));
        try {
          await consultation.rate(score);
          said.textContent = t("rating.thanks");
        } catch {
          made.setAttribute("aria-pressed", "false");
          said.textContent = t("rating.failed");
        }
        announce(said.textContent);
      });
      return made;
    }),
  );
  html("rating").hidden = false;
}
