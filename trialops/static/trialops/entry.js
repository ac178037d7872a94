// The page for entering facts: saves a group that is left, asks for judgements, moves by keys. Without it every group
// is saved by its button.
"use strict";

(() => {
  const status = () => document.getElementById("entry-status");
  const groups = () => [...document.querySelectorAll("form.entry-group")];
  const changed = new WeakSet();
  const sent = new WeakMap();

  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.type !== "hidden");
  const valuesOf = (form) => new Map(fieldsOf(form).map((field) => [field.name, field.value]));

  // A judgement is asked of a value outside its reference
  function number(row, name) {
    const field = row.querySelector(`[name$="-${name}"]`);
    const found = field && field.value.trim().match(/^[+-]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  }

  function judge(row) {
    const asked = row && row.querySelector(".judgement");
    if (!asked) return;
    const [value, low, high] = ["value", "reference_low", "reference_high"].map((name) => number(row, name));
    const outside = value !== null && ((low !== null && value < low) || (high !== null && value > high));
    asked.hidden = !outside && !asked.querySelector("[aria-invalid]");
    if (asked.hidden) for (const field of asked.querySelectorAll("select")) field.value = "";
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form.entry-group");
    if (!form) return;
    changed.add(form);
    judge(event.target.closest(".fact"));
  });

  // A group that is left is saved, if something was typed into it
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest("form.entry-group");
    if (!form || !changed.has(form)) return;
    setTimeout(() => {
      if (!form.isConnected || !document.hasFocus() || form.contains(document.activeElement)) return;
      if (!changed.has(form)) return;
      form.dispatchEvent(new CustomEvent("left"));
    });
  });

  // What is typed while a group is on its way is kept
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest("form.entry-group");
    if (!form) return;
    changed.delete(form);
    sent.set(form, valuesOf(form));
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (!requestConfig || !event.target.matches("form.entry-group")) return;
    const asked = new URL(requestConfig.path, location.href).pathname;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
      event.detail.shouldSwap = false;
      lost(event.target, "signedOut");
      return;
    }
    const before = sent.get(event.target) || new Map();
    const late = [...valuesOf(event.target)].filter(([name, value]) => before.get(name) !== value);
    const id = event.target.id;
    if (late.length) document.addEventListener("htmx:afterSettle", () => restore(id, late), { once: true });
  });

  function restore(id, late) {
    const form = document.getElementById(id);
    for (const [name, value] of late) if (form.elements[name]) form.elements[name].value = value;
    changed.add(form);
  }

  function lost(form, why) {
    changed.add(form);
    status().textContent = status().dataset[why];
  }

  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => lost(event.target, "lost"));
  }

  window.addEventListener("beforeunload", (event) => {
    if (groups().some((form) => changed.has(form))) event.preventDefault();
  });
  document.addEventListener("submit", (event) => changed.delete(event.target));

  // Keys: none of them is a single character
  function openField(backwards) {
    const open = [...document.querySelectorAll(".fact.is-open [name$='-value']")].filter((field) => field.offsetParent);
    const here = document.activeElement;
    const side = backwards ? Node.DOCUMENT_POSITION_PRECEDING : Node.DOCUMENT_POSITION_FOLLOWING;
    const beyond = open.filter((field) => field !== here && here.compareDocumentPosition(field) & side);
    return (backwards ? beyond.at(-1) : beyond[0]) || (backwards ? open.at(-1) : open[0]);
  }

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest("form.entry-group");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "F8") {
      event.preventDefault();
      const field = openField(event.shiftKey);
      if (field) field.focus();
    } else if (event.key === "F9") {
      event.preventDefault();
      document.getElementById("verdict-heading").focus();
    }
  });
})();
