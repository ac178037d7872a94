// Fits value and unit of the observation form to the chosen fact. Without it the form works all the same.
"use strict";

(() => {
  function options(select, pairs, chosen) {
    select.replaceChildren(...pairs.map(([value, label]) => new Option(label, value, false, value === chosen)));
  }

  function pairsOf(kind, codes, words, said) {
    if (kind === "boolean") return [["true", said.yes], ["false", said.no]];
    return kind === "coded" ? codes.map((code, n) => [code, words[n]]) : null;
  }

  function valueControl(old, kind, pairs, said) {
    const wanted = pairs ? "SELECT" : "INPUT";
    const control = old.tagName === wanted ? old : document.createElement(wanted.toLowerCase());
    if (control !== old) {
      for (const name of ["id", "name", "required", "aria-describedby"]) {
        if (old.hasAttribute(name)) control.setAttribute(name, old.getAttribute(name));
      }
      old.replaceWith(control);
    }
    if (!pairs) {
      control.type = kind === "date" ? "date" : "text";
      control.inputMode = kind === "date" ? "" : "decimal";
      control.autocomplete = "off";
      control.maxLength = 60;
    }
    if (pairs) options(control, [["", said.choose], ...pairs], control === old ? control.value : "");
    return control;
  }

  function wire(form) {
    const fact = form.querySelector("select[name=fact]");
    if (!fact) return;
    const unit = form.querySelector("select[name=unit]");
    const laboratory = form.querySelector(".laboratory");
    const help = form.querySelector("[id$=value_helptext]");
    const fit = () => {
      const chosen = fact.selectedOptions[0];
      const kind = chosen ? chosen.dataset.kind : undefined;
      const split = (text) => (text ? text.split("|") : []);
      if (kind) {
        const pairs = pairsOf(kind, split(chosen.dataset.codes), split(chosen.dataset.words), fact.dataset);
        valueControl(form.querySelector("[name=value]"), kind, pairs, fact.dataset);
        options(unit, [["", kind === "quantity" ? fact.dataset.choose : fact.dataset.noUnit], ...split(chosen.dataset.units).map((name) => [name, name])], unit.value);
      }
      if (help) help.hidden = Boolean(kind);
      unit.required = kind === "quantity";
      unit.closest(".field").hidden = Boolean(kind) && kind !== "quantity";
      laboratory.hidden = kind !== "quantity" && !laboratory.querySelector("[aria-invalid]");
      if (laboratory.hidden) for (const field of laboratory.querySelectorAll("input, select")) field.value = "";
    };
    fact.addEventListener("change", fit);
    fit();
  }

  document.querySelectorAll("form").forEach(wire);
})();
