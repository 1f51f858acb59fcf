// A picture one can zoom and move, with shapes over it: by wheel, by two fingers, by dragging, by buttons and by keys.

import {h, svg} from "./dom.js";
import {t} from "./words.js";

const MOST = 40; // times

export class Viewer {
  constructor(width, height, address, label) {
    this.width = width;
    this.height = height;
    this.layer = svg("g");
    this.svg = svg(
      "svg",
      {class: "picture", role: "img", "aria-label": label, tabindex: 0},
      svg(
        "defs",
        {},
        svg(
          "marker",
          {
            id: "head",
            viewBox: "0 0 10 10",
            refX: 8,
            refY: 5,
            markerWidth: 5,
            markerHeight: 5,
            orient: "auto-start-reverse",
          },
          svg("path", {d: "M0 0L10 5L0 10z", class: "arrow-head"}),
        ),
      ),
      svg("image", {href: address, width, height}),
      this.layer,
    );
    this.tip = h("div", {class: "tip", hidden: true});
    const button = (text, key, act) =>
      h("button", {type: "button", class: "icon", "aria-label": t(key), title: t(key), onclick: act}, text);
    this.element = h(
      "div",
      {class: "viewer"},
      this.svg,
      this.tip,
      h(
        "div",
        {class: "zoom", role: "group", "aria-label": t("zoom")},
        button("+", "zoom_in", () => this.zoom(1.5)),
        button("−", "zoom_out", () => this.zoom(1 / 1.5)),
        button("⤢", "zoom_whole", () => this.reset()),
      ),
    );
    this.fingers = new Map();
    this.onPlace = () => {}; // hears of each change, with the units of the picture for a pixel of the screen
    this.#listen();
    this.observer = new ResizeObserver(() => this.#place());
    this.observer.observe(this.element);
    this.reset();
  }

  close() {
    this.observer.disconnect();
  }

  reset() {
    this.box = {x: this.width / 2, y: this.height / 2, times: 1};
    this.#place();
  }

  zoom(factor, at = this.box) {
    const times = Math.min(MOST, Math.max(1, this.box.times * factor));
    const share = this.box.times / times;
    this.box = {x: at.x + (this.box.x - at.x) * share, y: at.y + (this.box.y - at.y) * share, times};
    this.#place();
  }

  // Units of the picture for a pixel of the screen.
  get unit() {
    const {clientWidth, clientHeight} = this.svg;
    return Math.max(this.width / (clientWidth || 1), this.height / (clientHeight || 1)) / this.box.times;
  }

  #place() {
    const {times} = this.box;
    const unit = this.unit;
    const wide = this.svg.clientWidth * unit,
      high = this.svg.clientHeight * unit;
    // The picture stays on the screen: its middle when it is smaller, else no edge comes inside.
    const hold = (middle, size, shown) =>
      shown >= size ? size / 2 : Math.min(size - shown / 2, Math.max(shown / 2, middle));
    this.box = {x: hold(this.box.x, this.width, wide), y: hold(this.box.y, this.height, high), times};
    if (wide && high)
      this.svg.setAttribute("viewBox", `${this.box.x - wide / 2} ${this.box.y - high / 2} ${wide} ${high}`);
    this.svg.style.setProperty("--unit", `${unit}px`);
    this.element.classList.toggle("is-zoomed", times > 1);
    this.onPlace(unit);
  }

  #point(event) {
    const area = this.svg.getBoundingClientRect();
    const unit = this.unit;
    return {
      x: this.box.x + (event.clientX - area.left - area.width / 2) * unit,
      y: this.box.y + (event.clientY - area.top - area.height / 2) * unit,
    };
  }

  #listen() {
    const element = this.svg;
    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), this.#point(event));
      },
      {passive: false},
    );
    element.addEventListener("dblclick", (event) => this.zoom(2, this.#point(event)));
    element.addEventListener("pointerdown", (event) => {
      this.fingers.set(event.pointerId, event);
      if (this.box.times > 1) element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => {
      const before = this.fingers.get(event.pointerId);
      if (!before) return;
      const unit = this.unit;
      if (this.fingers.size === 2) {
        const [other] = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, found]) => found);
        const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
        this.zoom(far(event) / far(before), this.#point(other));
      } else if (this.fingers.size === 1) {
        this.box.x -= (event.clientX - before.clientX) * unit;
        this.box.y -= (event.clientY - before.clientY) * unit;
        this.#place();
      }
      this.fingers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"])
      element.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
  }

  // Says what is under the pointer; `text` gives nodes for an element, or null.
  onHover(text, changed) {
    this.svg.addEventListener("pointermove", (event) => {
      const found = text(event.target);
      this.tip.hidden = !found;
      changed(found ? event.target : null);
      if (!found) return;
      this.tip.replaceChildren(...found);
      const area = this.element.getBoundingClientRect();
      const isRight = event.clientX - area.left > area.width / 2;
      this.tip.style.setProperty("left", isRight ? "auto" : `${event.clientX - area.left + 14}px`);
      this.tip.style.setProperty("right", isRight ? `${area.right - event.clientX + 14}px` : "auto");
      this.tip.style.setProperty("top", `${event.clientY - area.top + 14}px`);
    });
    this.svg.addEventListener("pointerleave", () => {
      this.tip.hidden = true;
      changed(null);
    });
  }
}
