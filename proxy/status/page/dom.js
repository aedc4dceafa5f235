// Helpers to make elements and to change them in place. Texts go in as text and nothing else:
// a server may be named like markup.

// el makes an element of a class with children: nodes, or texts.
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

// shape makes an element of SVG.
export function shape(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  return node;
}

export const byId = (id) => document.getElementById(id);

// setText sets the text of an element that holds nothing else, if it differs.
export function setText(node, text) {
  text = String(text);
  const only = node.firstChild;
  if (only === null) {
    if (text !== "") node.textContent = text;
  } else if (only.data !== text) {
    node.textContent = text;
  }
}

// setAttribute sets an attribute if it differs; null takes it away.
export function setAttribute(node, name, value) {
  if (value === null) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

// setTime shows a moment in a time element, which is exact to a millisecond at most.
export function setTime(node, iso, text) {
  setAttribute(node, "datetime", iso.replace(/(\.\d{3})\d*/, "$1"));
  setText(node, text);
}

// show hides an element or shows it.
export function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

const kept = new WeakMap(); // by parent: its elements by their keys

// reconcile makes the children of a parent those of a list, in its order. An element stays as
// long as its key is in the list, and is moved only where the order has changed, so that what is
// open stays open and the focus stays where it is.
export function reconcile(parent, list, keyOf, make, update) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map();
  for (const item of list) {
    let key = keyOf(item);
    while (after.has(key)) key += "'"; // two of one key: both are shown
    after.set(key, before.get(key) ?? make(item));
  }
  for (const [key, node] of before) {
    if (!after.has(key)) node.remove();
  }
  kept.set(parent, after);
  let next = parent.firstElementChild;
  let i = 0;
  for (const node of after.values()) {
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
    update(node, list[i++]);
  }
}

// setPairs shows names with values in a list of descriptions: pairs of texts, or of a text and
// a node.
export function setPairs(dl, pairs) {
  reconcile(dl, pairs, (pair) => pair[0], (pair) => el("div", "", el("dt", "", pair[0]), el("dd")), (node, pair) => {
    const dd = node.lastElementChild;
    setText(dd, pair[1]);
    setAttribute(node, "class", pair[2] ?? null);
  });
}

// limited is a list of which the first few are shown until a button is pressed that shows all.
export function limited(button, few, render) {
  let all = false;
  let last = [];
  button.addEventListener("click", () => {
    all = !all;
    draw();
  });
  function draw() {
    render(all ? last : last.slice(0, few));
    show(button, last.length > few);
    setText(button, all ? `Show the first ${few}` : `Show all ${last.length}`);
    setAttribute(button, "aria-expanded", all);
  }
  return (list) => {
    last = list;
    draw();
  };
}
