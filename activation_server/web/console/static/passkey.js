"use strict";

// Lets the browser answer forms by a passkey. A form stays hidden where the browser has none.
const kinds = {
  use: (options) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    }),
  new: (options) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
    }),
};

async function answer(form) {
  const said = form.querySelector("[role=status]");
  said.textContent = "";
  try {
    const made = await kinds[form.dataset.passkey](JSON.parse(form.dataset.options));
    form.elements.answer.value = JSON.stringify(made.toJSON());
    form.submit();
  } catch {
    said.textContent = "That did not work. Try it again, or go on without a passkey.";
  }
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer(form);
    });
  }
}
