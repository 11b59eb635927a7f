// Making elements. Text is always set as text, so nothing that comes from elsewhere is ever markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element: `h("td", { class: "number" }, "12")`. */
export const h = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

/** The same in SVG. */
export const s = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

export const byId = (id) => document.getElementById(id);

/** A table: columns have a `title`, a `class`, and a `cell` that makes the content from a row. The first cell is the row's head. */
export function table(title, columns, rows, attributes = {}) {
  const head = columns.map((column) => h("th", { scope: "col", class: column.class }, column.title));
  const body = rows.map((row) =>
    h("tr", {}, columns.map((column, index) =>
      index === 0
        ? h("th", { scope: "row", class: column.class }, column.cell(row))
        : h("td", { class: column.class }, column.cell(row)))));
  return h("table", attributes,
    h("caption", { class: "visually-hidden" }, title),
    h("thead", {}, h("tr", {}, head)),
    h("tbody", {}, body));
}

const shown = new Map();

/** Replaces what is in an element, unless it was made of the same data before: a selection, or a screen reader, isn't disturbed. */
export function show(id, data, make) {
  const text = JSON.stringify(data);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  byId(id).replaceChildren(...[make(data)].flat().filter(Boolean));
}
