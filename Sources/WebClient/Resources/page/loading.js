// A classic script and the first of each page: one file of the rest that a bad network drops, and there is nothing.
// It tries again, and says so where that does not help. It needs no other file, not even the style sheet.
(() => {
  const KEPT = "visavis.loading";
  const WAITS = [500, 1000, 2000, 4000];
  /** @type {Set<string>} */
  const missing = new Set();

  addEventListener("error", ({ target }) => {
    if (target instanceof HTMLScriptElement) missing.add(target.src);
    else if (target instanceof HTMLLinkElement && target.rel === "stylesheet") missing.add(target.href);
  }, true);
  // Modules and style sheets hold this event up, whether they come or not.
  addEventListener("load", () => {
    if (missing.size === 0) keep(null);
    else again();
  });

  function again() {
    // Without a style sheet one may be in a consultation already.
    if (document.body.dataset.view === "call") return;
    const tries = tried();
    const wait = tries === null ? undefined : WAITS[tries];
    if (tries === null || wait === undefined) {
      keep(null);
      tell();
      return;
    }
    keep(tries + 1);
    if (navigator.onLine) setTimeout(() => location.reload(), wait);
    else {
      addEventListener("online", () => location.reload(), { once: true });
      tell();
    }
  }

  /** How often this tab has tried; null where the browser keeps nothing, and would try for ever. */
  function tried() {
    try {
      return Number(sessionStorage.getItem(KEPT)) || 0;
    } catch {
      return null;
    }
  }

  /** @param {number | null} tries */
  function keep(tries) {
    try {
      if (tries === null) sessionStorage.removeItem(KEPT);
      else sessionStorage.setItem(KEPT, String(tries));
    } catch {
      // Then `tried` says so.
    }
  }

  function tell() {
    const french = navigator.language.toLowerCase().startsWith("fr");
    document.documentElement.lang = french ? "fr" : "en";
    const card = document.createElement("main");
    const heading = document.createElement("h1");
    const text = document.createElement("p");
    const button = document.createElement("button");
    card.id = "not-loaded";
    card.className = "card";
    heading.textContent = french ? "La page n’a pas pu être chargée" : "The page could not be loaded";
    text.setAttribute("role", "alert");
    text.textContent = french ? "Vérifiez votre connexion à Internet." : "Check your internet connection.";
    button.className = "button primary";
    button.textContent = french ? "Réessayer" : "Try again";
    button.onclick = () => location.reload();
    card.append(heading, text, button);
    document.body.replaceChildren(card);
  }
})();
