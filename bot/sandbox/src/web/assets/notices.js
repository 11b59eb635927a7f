// Short words over the chat: a toast that goes by itself, and an alert that waits for OK.

import { byId, closable } from "./dom.js";
import { t } from "./i18n.js";

const TOAST_MS = 4000;
let timer = 0;

export function toast(words) {
  const node = byId("toast");
  node.hidden = false;
  node.textContent = words;
  clearTimeout(timer);
  timer = setTimeout(() => {
    node.hidden = true;
  }, TOAST_MS);
}

/** Says that a call of the page didn't work, and why. */
export function failed(error) {
  toast(t("failed", { reason: error.message }));
}

export function alertWith(words) {
  const dialog = byId("alert");
  byId("alert-text").textContent = words;
  if (!dialog.open) dialog.showModal();
}

export function setUpNotices() {
  closable(byId("alert"));
  byId("alert-close").addEventListener("click", () => byId("alert").close());
}
