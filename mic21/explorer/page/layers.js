// What is drawn over a photograph: masks, their names, interactions, outlines before correction, and predictions.

import {h, svg} from "./dom.js";
import {arrow, nameOf} from "./facts.js";
import {choose, inLanguage, percent, stored, t} from "./words.js";

const LAYERS = ["masks", "names", "arrows", "drafts", "predictions"];
const shown = new Set(LAYERS.filter((layer) => layer !== "drafts" && stored(`layer-${layer}`, ["off"]) !== "off"));

export class Layers {
  // `objects` are the annotations with their names, colours and boxes; onLight(at) hears which one is pointed at.
  constructor(viewer, image, objects, site, onLight) {
    this.viewer = viewer;
    this.onLight = onLight;
    const drawn = objects.filter((one) => one.path).sort((a, b) => b.area - a.area);
    const masks = new Map(drawn.map((one) => [one.at, maskOf(one)]));
    const names = new Map(drawn.map((one) => [one.at, nameTag(one)]));
    this.ofObjects = [masks, names];
    this.masks = masks;
    const content = {
      masks: [...masks.values()],
      names: [...names.values()],
      arrows: image.interactions.map((one) => arrow(one, objects)).filter(Boolean),
      drafts: drawn.filter((one) => one.draft).map((one) => svg("path", {d: one.draft, class: "before"})),
      predictions: (image.predictions ?? [])
        .map((one, at) => svg("path", {d: one.path, class: `predicted ${one.kind}`, "data-prediction": at}))
        .filter((path) => path.getAttribute("d")),
    };
    this.groups = {};
    this.buttons = {};
    for (const layer of LAYERS.filter((layer) => content[layer].length)) {
      this.groups[layer] = svg("g", {}, content[layer]);
      this.buttons[layer] = h("button", {type: "button", onclick: () => this.toggle(layer)}, t(`layer_${layer}`));
      this.set(layer, shown.has(layer));
    }
    viewer.layer.append(...Object.values(this.groups));
    const toggles = {class: "toggles", role: "group", "aria-label": t("layers")};
    this.element = h("div", toggles, Object.values(this.buttons));
    viewer.onPlace = (unit) => apart(drawn, names, unit);
    viewer.onHover(
      (element) => this.tip(element, image, objects, site),
      (element) => this.light(element?.dataset.at === undefined ? null : Number(element.dataset.at)),
    );
  }

  toggle(layer) {
    if (this.groups[layer]) this.set(layer, !shown.has(layer));
  }

  set(layer, isOn) {
    if (isOn) shown.add(layer);
    else shown.delete(layer);
    display(this.groups[layer], isOn);
    this.buttons[layer].setAttribute("aria-pressed", String(isOn));
    choose(`layer-${layer}`, isOn ? "on" : "off");
  }

  showObject(at, isOn) {
    for (const shapes of this.ofObjects) if (shapes.has(at)) display(shapes.get(at), isOn);
  }

  light(at) {
    for (const [other, path] of this.masks) path.classList.toggle("lit", other === at);
    this.viewer.element.classList.toggle("has-lit", this.masks.has(at));
    this.onLight(at);
  }

  // What the pointer says of a shape.
  tip(element, image, objects, site) {
    if (element.dataset?.at !== undefined) {
      const one = objects[element.dataset.at];
      const score = one.score === null ? "" : percent(one.score);
      return [
        h("strong", inLanguage(one.language), one.text),
        h("span", {}, site.synsets.get(one.category) ?? ""),
        score,
      ];
    }
    if (element.dataset?.prediction !== undefined) {
      const one = image.predictions[element.dataset.prediction];
      const {text, language} = nameOf(one.category);
      const overlap = one.overlap ? t("overlap", percent(one.overlap)) : "";
      return [
        h("strong", inLanguage(language), text),
        h("span", {}, t(`match_${one.kind}`), " ", overlap),
        percent(one.score),
      ];
    }
    return null;
  }
}

const display = (element, isOn) => element.style.setProperty("display", isOn ? "inline" : "none");

function maskOf(one) {
  const look = {class: `mask ${one.status}`, "fill-rule": "evenodd", style: {"--color": one.color}};
  return svg("path", {d: one.path, "data-at": one.at, ...look});
}

// Hides the names that would lie on one another, those of smaller objects first; closer up there is room for more.
function apart(drawn, names, unit) {
  const taken = [];
  for (const {at, box, text} of drawn) {
    const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    const [wide, high] = [text.length * 8 * unit, 17 * unit];
    const isFree = taken.every(
      (other) => Math.abs(other.x - x) * 2 > other.wide + wide || Math.abs(other.y - y) > high,
    );
    if (isFree) taken.push({x, y, wide});
    names.get(at).classList.toggle("hidden", !isFree);
  }
}

function nameTag(one) {
  const [left, top, right, bottom] = one.box;
  return svg("text", {x: (left + right) / 2, y: (top + bottom) / 2, class: "mask-name"}, one.text);
}
