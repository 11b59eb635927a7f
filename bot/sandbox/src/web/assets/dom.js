// Building elements. Text always goes in as text nodes, so nothing that a bot or a person wrote is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

/** An element with attributes (`onclick` and the like are listeners) and children; empty ones are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** An icon of the sprite; decoration only, the button around it carries the label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/assets/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** One or two letters and a steady colour for a name. */
export function paintAvatar(node, name, seed) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[1]] : [words[0] ?? "?"];
  node.textContent = letters.map((word) => [...word][0]).join("").toLocaleUpperCase();
  node.dataset.tint = String(Math.abs(Number(seed) || 0) % 6);
}

/** Closes a dialog by its own buttons and by a click beside it. */
export function closable(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => dialog.close());
  }
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", wakeCaret);
}

/** A click in a dialog takes the caret along; Chromium gives the focus back without it, and nothing can be typed. */
function wakeCaret() {
  const field = document.activeElement;
  if (!(field instanceof HTMLTextAreaElement)) return;
  field.blur();
  field.focus({ preventScroll: true });
  field.setSelectionRange(field.value.length, field.value.length);
}
