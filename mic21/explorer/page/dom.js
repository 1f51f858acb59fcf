// Builds elements. Text becomes text nodes and nothing is ever parsed as markup, so that a caption or a file name can
// hold anything.

const SVG = "http://www.w3.org/2000/svg";

// h("a", {class: "tile", href: "#/images", onclick: go}, "text", node, [more]) makes an element.
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, of] of Object.entries(value)) element.style.setProperty(key, of);
    else if (name === "value" || name === "checked" || name === "open" || name === "indeterminate")
      element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

const present = (children) =>
  children.flat(4).filter((child) => child !== null && child !== undefined && child !== false);

// Puts children, given as for h, in the place of those that an element has.
export function replace(element, ...children) {
  element.replaceChildren(...present(children));
}

// A link to somewhere else, where the text is an address of the web; the text alone where it is anything else.
export function outsideLink(address, text = address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return h("span", {}, text);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return h("span", {}, text);
  return h("a", {href: url.href, target: "_blank", rel: "noopener noreferrer nofollow"}, text);
}

// A list that a button shows and hides, and that `items` fills when it is first shown; changed(isOpen) hears of it.
export function folding(label, isOpen, items, changed = () => {}) {
  const inside = h("ul", {hidden: !isOpen});
  const button = h("button", {
    type: "button",
    class: "fold",
    "aria-expanded": String(isOpen),
    "aria-label": label,
    onclick: () => set(inside.hidden),
  });
  function set(open) {
    if (open && !inside.children.length) inside.append(...items());
    inside.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    changed(open);
  }
  if (isOpen) set(true);
  return [button, inside];
}

export function announce(text) {
  document.getElementById("announce").textContent = text;
}
