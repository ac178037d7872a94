// Keys: what has data-key is pressed by that key, or by two in turn ("g s"); ? lists them. None of them acts while one
// types or together with Ctrl, Alt or Meta, and all can be turned off. Without this file every page works by Tab.
"use strict";

(() => {
  const OFF = "trialops-keys-off";
  const IN_TURN_MS = 1500;
  const dialog = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const opener = document.getElementById("keys-open");
  if (!dialog || !opener) return; // a page of an error, or of the sign-in
  let before = { key: "", at: 0 };

  // A browser that keeps nothing for this page leaves the keys on
  function kept() {
    try {
      return localStorage.getItem(OFF) === null;
    } catch {
      return true;
    }
  }

  function keep(wanted) {
    try {
      if (wanted) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch {
      // the choice then holds for this page
    }
  }

  const shown = (element) => element.getClientRects().length > 0;
  const marked = () => [...document.querySelectorAll("[data-key]")].filter(shown);

  function row(keys, words) {
    const term = document.createElement("dt");
    for (const key of keys.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      term.append(cap, " ");
    }
    const said = document.createElement("dd");
    said.textContent = words;
    return [term, said];
  }

  function help() {
    const list = document.getElementById("keys-here");
    const name = (element) => element.dataset.keyName || element.textContent.trim().replace(/\s+/g, " ");
    list.replaceChildren(...marked().flatMap((element) => row(element.dataset.key, name(element))));
    dialog.showModal();
  }

  function press(element) {
    if (element.matches("input, select, textarea")) element.focus();
    else element.click();
  }

  // From row to row of the first table, by the first link of each
  function step(forward) {
    const table = [...document.querySelectorAll("main table")].find((each) => shown(each) && each.querySelector("tbody a"));
    if (!table) return;
    const links = [...table.querySelectorAll("tbody tr")].map((each) => each.querySelector("a")).filter(Boolean);
    const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = here < 0 ? 0 : here + (forward ? 1 : -1);
    links[Math.min(Math.max(next, 0), links.length - 1)].focus();
  }

  // What has just been closed may hold the focus for a moment more
  const typing = (target) =>
    !dialog.contains(target) && target.closest("input, select, textarea, dialog, [contenteditable]");

  on.checked = kept();
  on.addEventListener("change", () => keep(on.checked));
  opener.classList.remove("unready"); // its place was kept, so that nothing moves
  opener.addEventListener("click", help);
  document.getElementById("keys-close").addEventListener("click", () => dialog.close());

  document.addEventListener("keydown", (event) => {
    if (!on.checked || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
    if (typing(event.target) || dialog.open) return;
    const turn = event.timeStamp - before.at < IN_TURN_MS ? `${before.key} ${event.key}` : "";
    before = { key: event.key, at: event.timeStamp };
    const wanted = marked().find((each) => each.dataset.key === turn) || marked().find((each) => each.dataset.key === event.key);
    if (wanted) press(wanted);
    else if (event.key === "?") help();
    else if (event.key === "j" || event.key === "k") step(event.key === "j");
    else return;
    before = { key: "", at: 0 };
    event.preventDefault();
  });
})();
