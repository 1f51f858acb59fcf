// One photograph, with all that is known of it.

import {writeAddress} from "./address.js";
import * as data from "./data.js";
import {h, replace} from "./dom.js";
import * as facts from "./facts.js";
import {filtered, titleOf} from "./gallery.js";
import {Layers} from "./layers.js";
import {Viewer} from "./viewer.js";
import {inLanguage, percent, t} from "./words.js";

export async function showImage(main, view, site, isCurrent) {
  const place = site.index.place(Number(view.id));
  if (place < 0) throw new data.Missing(t("no_such_image", view.id));
  const image = await data.image(site.index.arrays.id[place]);
  if (!isCurrent()) return null;
  const {text, language} = titleOf(facts.titles(image));
  const heading = text || image.title || t("photograph", String(image.id));
  const objects = image.annotations.map((one, at) => ({
    ...one,
    ...facts.nameOf(one.category),
    at,
    box: facts.boxOf(one.path),
    color: site.colors.get(one.category) ?? "#888",
  }));
  const items = new Map(); // place of an object → its line in the list
  const viewer = new Viewer(image.width, image.height, data.photograph(image.id, image.extension), heading);
  const layers = new Layers(viewer, image, objects, site, (at) => {
    for (const [other, item] of items) item.classList.toggle("lit", other === at);
  });
  const bySize = [...objects].sort((a, b) => b.area - a.area);
  for (const one of bySize) items.set(one.at, objectItem(one, image, layers, site));
  const list = objects.length ? h("ul", {class: "objects"}, [...items.values()]) : h("p", {}, t("no_objects"));
  const around = neighbours(place, view, site);

  main.className = "one";
  replace(
    main,
    h("section", {class: "stage", "aria-label": t("picture")}, viewer.element, layers.element),
    h(
      "section",
      {class: "facts", "aria-label": t("about_picture")},
      around.element,
      h("h1", inLanguage(language), heading),
      facts.licence(image),
      facts.captionsOf(image),
      facts.section("objects", list),
      facts.interactionsOf(image, objects),
      facts.predictionsOf(image),
      facts.candidatesOf(image),
      facts.section("details", facts.details(image, site)),
    ),
  );
  scrollTo(0, 0);
  if (view.show) {
    layers.light(Number(view.show));
    items.get(Number(view.show))?.scrollIntoView({block: "center"});
  }
  const onKey = (event) => act(event, viewer, layers, around);
  document.addEventListener("keydown", onKey);
  return () => {
    document.removeEventListener("keydown", onKey);
    viewer.close();
  };
}

// The way to the photographs before and after it among those that were filtered, and back to them all.
function neighbours(place, view, site) {
  const order = site.index.sorted(filtered(view, site).images, view.sort);
  const at = order.indexOf(place);
  const address = (other) => writeAddress({...view, show: "", id: site.index.arrays.id[other]});
  const previous = at > 0 ? address(order[at - 1]) : null;
  const next = at >= 0 && at + 1 < order.length ? address(order[at + 1]) : null;
  const back = writeAddress({...view, page: view.show ? "masks" : "images", id: "", show: ""});
  const step = (key, href, sign) =>
    href
      ? h("a", {class: "step", href, "aria-label": t(key), title: t(key)}, sign)
      : h("span", {class: "step", "aria-hidden": "true"}, sign);
  const element = h(
    "nav",
    {class: "steps", "aria-label": t("photographs_around")},
    h("a", {href: back}, t("back")),
    step("previous", previous, "←"),
    at < 0 ? null : h("span", {}, t("position", at + 1, order.length)),
    step("next", next, "→"),
  );
  return {element, previous, next, back};
}

function act(event, viewer, layers, around) {
  if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const go = (address) => {
    if (address) location.hash = address;
  };
  const keys = {
    ArrowLeft: () => go(around.previous),
    ArrowRight: () => go(around.next),
    Escape: () => go(around.back),
    m: () => layers.toggle("masks"),
    n: () => layers.toggle("names"),
    i: () => layers.toggle("arrows"),
    "+": () => viewer.zoom(1.5),
    "=": () => viewer.zoom(1.5),
    "-": () => viewer.zoom(1 / 1.5),
    0: () => viewer.reset(),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

// An object's line: shown or not, its name and synset, how certain it is, what became of it, and who made it.
function objectItem(one, image, layers, site) {
  const light = {
    onpointerenter: () => layers.light(one.at),
    onpointerleave: () => layers.light(null),
    onfocusin: () => layers.light(one.at),
    onfocusout: () => layers.light(null),
  };
  const box = h("input", {
    type: "checkbox",
    checked: true,
    "aria-label": t("show_object", one.text),
    onchange: (event) => layers.showObject(one.at, event.target.checked),
  });
  const isOwn = !one.category.startsWith("#"); // the ontology's, and not an import's
  const href = isOwn ? writeAddress({page: "category", id: one.category}) : null;
  const score = one.score === null ? null : t("score", percent(one.score));
  return h(
    "li",
    {class: "object", ...light},
    h(
      "div",
      {class: "object-line"},
      box,
      h("span", {class: "swatch", style: {background: one.color}}),
      h(isOwn ? "a" : "span", {href, ...inLanguage(one.language)}, one.text),
      h("span", {class: "synset"}, site.synsets.get(one.category) ?? ""),
      score ? h("meter", {min: 0, max: 1, value: one.score, "aria-label": score}) : null,
      score ? h("span", {class: "count"}, percent(one.score)) : null,
      h("span", {class: `tag ${one.status}`}, t(`status_${one.status}`)),
    ),
    one.problem ? h("p", {class: "problem"}, one.problem) : null,
    h("p", {class: "origin"}, facts.originOf(one)),
    one.changes.length ? facts.changesOf(one, image) : null,
  );
}
