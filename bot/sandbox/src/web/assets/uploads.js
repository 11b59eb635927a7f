// Sending files and photos: by the buttons, by dropping them on the chat, by pasting a picture.

import * as api from "./api.js";
import { byId, closable, el, icon } from "./dom.js";
import { fileSize } from "./format.js";
import { failed } from "./notices.js";

const PHOTO = /^image\/(png|jpeg|gif|webp)$/;

export class Uploads {
  #files = [];
  #previews = [];
  #sending = false;

  constructor(bot, person, { onSent, whenClosed }) {
    Object.assign(this, { bot, person, onSent });
    this.dialog = byId("upload-dialog");
    closable(this.dialog);
    this.dialog.addEventListener("close", () => {
      for (const address of this.#previews) URL.revokeObjectURL(address);
      whenClosed();
    });
    byId("upload-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#picker("attach-photo", "photo-input", "photo");
    this.#picker("attach-file", "file-input", "document");
    this.#drops();
    byId("composer").addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (files.length === 0) return;
      event.preventDefault();
      this.offer(files, "photo");
    });
  }

  /** Shows what would be sent, with a field for the caption. */
  offer(files, kind) {
    if (files.length === 0) return;
    this.#files = files;
    const photos = files.every((file) => PHOTO.test(file.type));
    this.#previews = [];
    byId("upload-list").replaceChildren(...files.map((file) => this.#preview(file)));
    byId("upload-kind").hidden = !photos;
    this.dialog.querySelector(`[value="${photos ? kind : "document"}"]`).checked = true;
    byId("caption").value = "";
    if (!this.dialog.open) this.dialog.showModal();
    byId("caption").focus();
  }

  #preview(file) {
    let picture = icon("file");
    if (PHOTO.test(file.type)) {
      const address = URL.createObjectURL(file);
      this.#previews.push(address);
      picture = el("img", { src: address, alt: "" });
    }
    return el(
      "li",
      {},
      el("span", { class: "upload-picture" }, picture),
      el("span", { class: "document-name" }, file.name),
      el("span", { class: "document-size" }, fileSize(file.size)),
    );
  }

  /** One after another, so that they arrive in order; the caption goes with the first, as in Telegram. */
  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    byId("upload-send").setAttribute("aria-busy", "true");
    const kind = this.dialog.querySelector("[name=kind]:checked").value;
    try {
      while (this.#files.length > 0) {
        const caption = byId("caption").value.trim();
        this.onSent(await api.upload(this.bot, this.person, kind, this.#files[0], caption));
        this.#files = this.#files.slice(1);
        byId("caption").value = "";
      }
      this.dialog.close();
    } catch (error) {
      // What is left stays in the dialog, to be sent again.
      failed(error);
      this.offer(this.#files, kind);
    } finally {
      this.#sending = false;
      byId("upload-send").setAttribute("aria-busy", "false");
    }
  }

  #picker(button, input, kind) {
    const field = byId(input);
    byId(button).addEventListener("click", () => field.click());
    field.addEventListener("change", () => {
      this.offer([...field.files], kind);
      // So that choosing the same file again is a change too.
      field.value = "";
    });
  }

  #drops() {
    const area = byId("chat");
    const hint = byId("drop-hint");
    const withFiles = (event) => event.dataTransfer?.types.includes("Files");
    area.addEventListener("dragover", (event) => {
      if (!withFiles(event)) return;
      event.preventDefault();
      hint.hidden = false;
    });
    area.addEventListener("dragleave", (event) => {
      if (!area.contains(event.relatedTarget)) hint.hidden = true;
    });
    area.addEventListener("drop", (event) => {
      hint.hidden = true;
      if (!withFiles(event)) return;
      event.preventDefault();
      this.offer([...event.dataTransfer.files], "photo");
    });
  }
}
