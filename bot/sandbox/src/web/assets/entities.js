// Telegram's formatting entities as elements. Offsets count UTF-16 units, as JavaScript's strings do.

import { el } from "./dom.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

// What Telegram marks by itself where a bot marked nothing: addresses and commands.
const PLAIN = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'»]|(?<![\w/])\/[a-z][a-z0-9_]{0,31}(?![\w/])/gi;

/** Nodes for a text; `onCommand("/start")` is called when a command in it is pressed. */
export function formatted(text, entities = [], onCommand = undefined) {
  const sorted = entities
    .filter(({ offset, length }) => offset >= 0 && length > 0 && offset < text.length)
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  return nodes(text, 0, text.length, sorted, onCommand);
}

/** The nodes of `text[from..to]`; an entity takes those inside it along, so they nest. */
function nodes(text, from, to, entities, onCommand) {
  const result = [];
  let position = from;
  let index = 0;
  while (index < entities.length) {
    const entity = entities[index];
    const start = Math.max(entity.offset, position);
    const end = Math.min(entity.offset + entity.length, to);
    index += 1;
    if (start >= end) continue;
    const inner = [];
    while (index < entities.length && entities[index].offset < end) {
      inner.push(entities[index]);
      index += 1;
    }
    result.push(...plain(text.slice(position, start), onCommand));
    result.push(wrapped(entity, text, start, end, inner, onCommand));
    position = end;
    // The break after a block stands for the block's own end.
    if (BLOCKS.has(entity.type) && text[position] === "\n" && position < to) position += 1;
  }
  result.push(...plain(text.slice(position, to), onCommand));
  return result;
}

function wrapped(entity, text, start, end, inner, onCommand) {
  const literal = entity.type === "code" || entity.type === "pre";
  const children = literal ? [text.slice(start, end)] : nodes(text, start, end, inner, undefined);
  const raw = text.slice(start, end);
  switch (entity.type) {
    case "text_link":
      return link(entity.url, children);
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:/i.test(raw) ? raw : `https://${raw}`, children);
    case "email":
      return link(`mailto:${raw}`, children);
    case "bot_command":
      return command(raw, onCommand);
    case "spoiler":
      return spoiler(children);
    default:
      return el(TAGS[entity.type] ?? "span", {}, ...children);
  }
}

function plain(text, onCommand) {
  if (text === "") return [];
  const result = [];
  let position = 0;
  for (const match of text.matchAll(PLAIN)) {
    const raw = match[0];
    result.push(text.slice(position, match.index));
    result.push(raw.startsWith("/") ? command(raw, onCommand) : link(raw, [raw]));
    position = match.index + raw.length;
  }
  result.push(text.slice(position));
  return result.filter((part) => part !== "");
}

/** A link, if its address is one that may be followed; a bot could write `javascript:` there. */
export function safeAddress(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function link(address, children) {
  const href = safeAddress(address);
  if (href === null) return el("span", {}, ...children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function command(words, onCommand) {
  if (!onCommand) return document.createTextNode(words);
  return el("button", { type: "button", class: "command-link", onclick: () => onCommand(words) }, words);
}

function spoiler(children) {
  const node = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-expanded": "false" }, ...children);
  const reveal = () => {
    node.classList.add("revealed");
    node.setAttribute("aria-expanded", "true");
  };
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && reveal());
  return node;
}
