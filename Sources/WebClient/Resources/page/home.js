import { html } from "./elements.js";
import { t, translatePage } from "./language.js";

translatePage();
const openapi = html("openapi");
const library = html("library");
openapi.textContent = t("home.openapi");
// The sentence names its two links where its language wants them.
const mark = "\u0000";
const sentence = t("home.integrator", { openapi: `${mark}openapi${mark}`, library: `${mark}library${mark}` });
html("integrator").replaceChildren(
  ...sentence.split(mark).map((part) => (part === "openapi" ? openapi : part === "library" ? library : part)),
);
