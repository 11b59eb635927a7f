// Documents and photos inside messages, and the photo viewer.

import { byId, closable, el, icon } from "./dom.js";
import { fileSize } from "./format.js";
import { label, t } from "./i18n.js";

// What a browser shows without running anything of the file's.
const VIEWABLE = /^(application\/pdf|text\/plain|image\/(png|jpeg|gif|webp))$/;

export function documentCard(file) {
  const name = file.file_name ?? "file";
  const extension = (/\.([\p{L}\p{N}]{1,4})$/u.exec(name)?.[1] ?? "").toUpperCase();
  const badge = el("span", { class: "document-icon", "aria-hidden": "true" }, extension ? el("b", {}, extension) : icon("file"));
  const details = el("span", { class: "document-size" }, Number.isFinite(file.file_size) ? fileSize(file.file_size) : "");
  const actions = el(
    "span",
    { class: "document-actions" },
    VIEWABLE.test(file.mime_type ?? "") &&
      el("a", { href: file.url, target: "_blank", rel: "noopener", "data-testid": "document-open" }, t("document.open")),
  );
  const download = el(
    "a",
    { class: "icon-button", href: file.url, download: name, "data-testid": "document-download" },
    icon("download"),
  );
  label(download, t("document.download", { name }));
  return el(
    "div",
    { class: "document", "data-testid": "document" },
    badge,
    el("span", { class: "document-text" }, el("span", { class: "document-name", title: name }, name), el("span", { class: "document-line" }, details, actions)),
    download,
  );
}

export function invoiceCard(invoice) {
  return el(
    "div",
    { class: "invoice", "data-testid": "invoice" },
    el("b", { class: "invoice-title", dir: "auto" }, invoice.title),
    el("span", { dir: "auto" }, invoice.description),
    el("span", { class: "invoice-price" }, `⭐️ ${invoice.total_amount}`),
  );
}

export function photoFigure(photo) {
  const image = el("img", { src: photo.url, alt: t("photo.viewer"), width: photo.width, height: photo.height, decoding: "async" });
  const button = el(
    "button",
    { type: "button", class: "photo", "data-testid": "photo", "aria-label": t("photo.open"), onclick: () => enlarge(photo.url) },
    image,
  );
  return button;
}

// Videos, sounds and voice messages, with the browser's own controls.
export function clipPlayer(clip, kind) {
  const player = el(kind === "video" ? "video" : "audio", { class: "clip", "data-testid": kind, src: clip.url, controls: true, preload: "metadata" });
  const name = el("span", { class: "clip-name" }, clip.file_name ?? kind);
  return el("div", { class: "clip-box" }, player, name);
}

function enlarge(address) {
  byId("viewer-image").src = address;
  byId("viewer").showModal();
}

export function setUpViewer() {
  closable(byId("viewer"));
  byId("viewer-image").addEventListener("click", () => byId("viewer").close());
}
