// What htmx alone does not know of the refreshing part of a page: nothing is asked for while nobody looks; a server that
// does not answer is asked more and more rarely; and when the sign-in or the right to see has ended, no more at all.
"use strict";

(() => {
  const LONGEST = 20; // rounds of 30 seconds: ten minutes
  let passed = 0; // rounds to let pass before the next question
  let misses = 0;
  let stopped = false;

  const ours = (event) => event.target.id === "live";

  function tell(trouble) {
    const said = document.getElementById("live-trouble");
    said.hidden = !trouble;
    said.querySelector("p").textContent = trouble ? said.dataset[trouble] : "";
  }

  function miss() {
    misses += 1;
    passed = Math.min(2 ** misses - 1, LONGEST);
    tell("lost");
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!ours(event)) return;
    if (stopped || document.hidden || passed > 0) event.preventDefault();
    if (!document.hidden && passed > 0) passed -= 1;
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!ours(event)) return;
    const { xhr } = event.detail;
    const fine = xhr.status === 304 || (xhr.status < 300 && xhr.responseText.includes('id="live"'));
    if (fine) {
      misses = 0;
      tell("");
      return;
    }
    event.detail.shouldSwap = false;
    if (xhr.status >= 500 || xhr.status === 429) return miss();
    stopped = true;
    if (xhr.status < 400) window.location.reload(); // the page of the sign-in came instead
    else tell("ended");
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => ours(event) && miss());
  }

  // Whoever comes back to the page sees the present at once
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || stopped) return;
    passed = 0;
    htmx.trigger("#live", "refresh");
  });
})();
