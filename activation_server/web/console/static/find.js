"use strict";

// Shows licenses while one types. Without it the form does the same, a page later.
const form = document.querySelector("form[data-typed]");
const field = form.elements.q;
const said = document.getElementById("said");
const results = document.getElementById("results");
const atFirst = field.value ? [] : [...results.childNodes]; // what somebody looked at last
const PAUSE = 200; // milliseconds without a letter
const LEAST = 3; // letters; of scripts without spaces one does

let pause;
let asking;

function show(nodes, text) {
  results.replaceChildren(...nodes);
  said.textContent = text;
}

function clear(text) {
  history.replaceState(null, "", form.action);
  show(field.value.trim() ? [] : atFirst, text);
}

async function ask() {
  asking = new AbortController();
  const { signal } = asking;
  results.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form));
    const sent = { method: "POST", body, signal, redirect: "manual" };
    const answer = await fetch(form.dataset.typed, sent);
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      location.reload(); // signed out meanwhile: leads to the sign-in, and back
    } else if (answer.status === 200) {
      put(await answer.text());
    } else {
      clear(answer.status === 204 ? "" : "Press Enter to find it.");
    }
  } catch (error) {
    if (error.name !== "AbortError") clear("Press Enter to find it.");
  } finally {
    if (!signal.aborted) results.removeAttribute("aria-busy");
  }
}

function put(html) {
  const made = document.createElement("template");
  made.innerHTML = html; // ours, with every value escaped
  const found = made.content.querySelector("section");
  history.replaceState(null, "", found.dataset.address); // for the way back from a license
  const heading = found.querySelector("h2").textContent;
  show([made.content], found.querySelector("a") ? `${heading}. Arrow down goes there.` : heading);
}

function typed(event) {
  if (event.isComposing) return;
  clearTimeout(pause);
  asking?.abort();
  const text = field.value.trim();
  const enough = text.length >= LEAST || /[^\x00-\x7f]/.test(text);
  if (enough) {
    pause = setTimeout(ask, PAUSE);
  } else {
    results.removeAttribute("aria-busy");
    clear("");
  }
}

function move(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
  const places = [field, ...results.querySelectorAll("a")];
  const here = places.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" && here > 0) {
    field.focus();
  } else if (step && here >= 0 && places[here + step]) {
    places[here + step].focus();
  } else {
    return;
  }
  event.preventDefault();
}

field.addEventListener("input", typed);
field.addEventListener("compositionend", typed);
form.addEventListener("submit", () => {
  clearTimeout(pause);
  asking?.abort();
});
for (const each of [field, results]) each.addEventListener("keydown", move);
