// One photograph: its masks, texts, interactions, licence, and where everything came from.

import {writeAddress} from "./address.js";
import {marked} from "./compare.js";
import * as data from "./data.js";
import {h, outsideLink, replace, svg} from "./dom.js";
import {label} from "./filters.js";
import {filtered, titleOf} from "./gallery.js";
import {choose, inLanguage, languageName, name, number, percent, settings, stored, t} from "./words.js";
import {Viewer} from "./viewer.js";

const LAYERS = ["masks", "names", "arrows", "drafts", "predictions"];
const shownLayers = new Set(LAYERS.filter((layer) => stored(`layer-${layer}`, ["off"]) !== "off" && layer !== "drafts"));

export async function showImage(main, view, site, isCurrent) {
  const index = site.index;
  const place = index.place(Number(view.id));
  if (place < 0) throw new data.Missing(t("no_such_image", view.id));
  const image = await data.image(index.arrays.id[place]);
  if (!isCurrent()) return null;
  const {text: title, language} = titleOf(Object.fromEntries([...image.captions].reverse().sort((a, b) => (a.kind === "title") - (b.kind === "title")).map((one) => [one.language, one.text])));
  const heading = title || image.title || t("photograph", String(image.id));

  const viewer = new Viewer(image.width, image.height, data.photograph(image.id, image.extension), heading);
  const objects = image.annotations.map((one, at) => ({...one, at, box: boxOf(one.path), ...nameOf(one.category), color: site.colors.get(one.category) ?? "#888"}));
  const ordered = objects.filter((one) => one.path).sort((a, b) => b.area - a.area);
  const items = new Map();

  const layers = {
    masks: svg("g", {class: "layer masks"}, ordered.map((one) => svg("path", {d: one.path, "fill-rule": "evenodd", class: `mask ${one.status}`, "data-at": one.at, style: {"--color": one.color}}))),
    drafts: svg("g", {class: "layer"}, ordered.filter((one) => one.draft).map((one) => svg("path", {d: one.draft, class: "before"}))),
    predictions: svg("g", {class: "layer"}, (image.predictions ?? []).map((one, at) => (one.path ? svg("path", {d: one.path, class: `predicted ${one.kind}`, "data-prediction": at}) : null))),
    arrows: svg("g", {class: "layer"}, image.interactions.map((one) => arrow(one, objects))),
    names: svg("g", {class: "layer"}, ordered.map((one) => svg("text", {x: (one.box[0] + one.box[2]) / 2, y: (one.box[1] + one.box[3]) / 2, class: "mask-name", "data-name": one.at}, one.text))),
  };
  viewer.layer.append(...Object.values(layers));
  const has = {masks: ordered.length, names: ordered.length, arrows: image.interactions.length, drafts: objects.some((one) => one.draft), predictions: image.predictions?.length};

  const buttons = {};
  function setLayer(layer, isOn) {
    if (isOn) shownLayers.add(layer); else shownLayers.delete(layer);
    layers[layer].toggleAttribute("hidden", !isOn);
    layers[layer].style.setProperty("display", isOn ? "inline" : "none");
    buttons[layer]?.setAttribute("aria-pressed", String(isOn));
    choose(`layer-${layer}`, isOn ? "on" : "off");
  }
  const toggles = h("div", {class: "toggles", role: "group", "aria-label": t("layers")}, LAYERS.filter((layer) => has[layer]).map((layer) =>
    (buttons[layer] = h("button", {type: "button", "aria-pressed": "true", onclick: () => setLayer(layer, !shownLayers.has(layer))}, t(`layer_${layer}`)))));
  for (const layer of LAYERS) setLayer(layer, shownLayers.has(layer));

  const paths = new Map([...layers.masks.children].map((path) => [Number(path.dataset.at), path]));
  const texts = new Map([...layers.names.children].map((text) => [Number(text.dataset.name), text]));
  function light(at) {
    for (const [other, path] of paths) path.classList.toggle("lit", other === at);
    viewer.element.classList.toggle("has-lit", at !== null && paths.has(at));
    for (const [other, item] of items) item.classList.toggle("lit", other === at);
  }
  viewer.onHover((element) => {
    if (element.dataset?.at !== undefined) {
      const one = objects[element.dataset.at];
      return [h("strong", inLanguage(one.language), one.text), h("span", {}, site.synsets.get(one.category) ?? ""), one.score !== null ? h("span", {}, percent(one.score)) : ""];
    }
    if (element.dataset?.prediction !== undefined) {
      const one = image.predictions[element.dataset.prediction];
      return [h("strong", {}, nameOf(one.category).text), h("span", {}, t(`match_${one.kind}`)), h("span", {}, percent(one.score)), one.overlap ? h("span", {}, t("overlap", percent(one.overlap))) : ""];
    }
    return null;
  }, (element) => light(element?.dataset.at === undefined ? null : Number(element.dataset.at)));

  function objectItem(one) {
    const box = h("input", {type: "checkbox", checked: true, "aria-label": t("show_object", one.text), onchange: (event) => {
      paths.get(one.at)?.style.setProperty("display", event.target.checked ? "inline" : "none");
      texts.get(one.at)?.style.setProperty("display", event.target.checked ? "inline" : "none");
    }});
    const item = h("li", {class: "object", onpointerenter: () => light(one.at), onpointerleave: () => light(null), onfocusin: () => light(one.at), onfocusout: () => light(null)},
      h("div", {class: "object-line"}, box, h("span", {class: "swatch", style: {background: one.color}}),
        one.category.startsWith("#") ? h("span", inLanguage(one.language), one.text) : h("a", {href: writeAddress({page: "category", id: one.category}), ...inLanguage(one.language)}, one.text),
        h("span", {class: "synset"}, site.synsets.get(one.category) ?? ""),
        one.score !== null ? [h("meter", {min: 0, max: 1, value: one.score, "aria-label": t("score", percent(one.score))}), h("span", {class: "count"}, percent(one.score))] : null,
        h("span", {class: `tag ${one.status}`}, t(`status_${one.status}`))),
      one.problem ? h("p", {class: "problem"}, one.problem) : null,
      h("p", {class: "origin"}, originOf(one)),
      one.draft || one.draft_category || one.changes.length ? changesOf(one, image) : null);
    items.set(one.at, item);
    return item;
  }

  const order = site.index.sorted(filtered(view, site).images, view.sort);
  const at = order.indexOf(place);
  const beside = (step) => (at < 0 ? null : order[at + step] ?? null);
  const to = (other) => (other === null ? null : writeAddress({...view, show: "", id: index.arrays.id[other]}));
  const back = writeAddress({...view, page: view.show ? "masks" : "images", id: "", show: ""});
  const step = (key, other) => (other === null ? h("span", {class: "step", "aria-hidden": "true"}, key === "previous" ? "←" : "→")
    : h("a", {class: "step", href: to(other), "aria-label": t(key), title: t(key)}, key === "previous" ? "←" : "→"));

  main.className = "one";
  replace(main,
    h("section", {class: "stage", "aria-label": t("picture")}, viewer.element, toggles),
    h("section", {class: "facts", "aria-label": t("about_picture")},
      h("nav", {class: "steps", "aria-label": t("photographs_around")}, h("a", {href: back}, t("back")), step("previous", beside(-1)), at >= 0 ? h("span", {}, t("position", at + 1, order.length)) : null, step("next", beside(1))),
      h("h1", inLanguage(language), heading),
      licence(image),
      captionsOf(image),
      section("objects", objects.length ? h("ul", {class: "objects"}, [...objects].sort((a, b) => b.area - a.area).map(objectItem)) : h("p", {}, t("no_objects"))),
      image.interactions.length ? section("interactions", h("ul", {}, image.interactions.map((one) => interactionItem(one, objects)))) : null,
      image.predictions ? section("predictions", h("ul", {class: "objects"}, image.predictions.map((one) => predictionItem(one)))) : null,
      image.candidates?.length ? section("candidates", h("ul", {class: "captions"}, image.candidates.map(candidateItem))) : null,
      section("details", details(image, site))));
  if (view.show) {
    const chosen = Number(view.show);
    light(chosen);
    items.get(chosen)?.scrollIntoView({block: "center"});
    viewer.element.classList.add("has-lit");
  } else scrollTo(0, 0);

  const onKey = (event) => {
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const pan = event.target === viewer.svg && viewer.box.times > 1;
    const keys = {
      ArrowLeft: () => beside(-1) !== null && (location.hash = to(beside(-1))),
      ArrowRight: () => beside(1) !== null && (location.hash = to(beside(1))),
      m: () => setLayer("masks", !shownLayers.has("masks")),
      n: () => setLayer("names", !shownLayers.has("names")),
      i: () => setLayer("arrows", !shownLayers.has("arrows")),
      "+": () => viewer.zoom(1.5), "=": () => viewer.zoom(1.5), "-": () => viewer.zoom(1 / 1.5), 0: () => viewer.reset(),
      Escape: () => (location.hash = back),
    };
    if (!keys[event.key] || (pan && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    keys[event.key]();
  };
  document.addEventListener("keydown", onKey);
  if (beside(1) !== null) data.image(index.arrays.id[beside(1)]).then((next) => { new Image().src = data.photograph(next.id, next.extension); }, () => {});
  return () => {
    document.removeEventListener("keydown", onKey);
    viewer.close();
  };
}

const nameOf = (word) => name("category", word);

function section(key, ...body) {
  return h("section", {class: `part part-${key}`}, h("h2", {}, t(`part_${key}`)), body);
}

// The box of a path made of M, h and v.
function boxOf(path) {
  let x = 0, y = 0, box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [, kind, a, b] of path.matchAll(/([Mhv])(-?\d+)(?: (\d+))?/g)) {
    if (kind === "M") [x, y] = [Number(a), Number(b)];
    else if (kind === "h") x += Number(a);
    else y += Number(a);
    box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
  }
  return box;
}

function arrow(one, objects) {
  const [from, to] = [one.subject_id, one.object_id].map((id) => objects.find((other) => other.id === id)?.box);
  if (!from?.every(Number.isFinite) || !to?.every(Number.isFinite)) return null;
  const [x1, y1, x2, y2] = [(from[0] + from[2]) / 2, (from[1] + from[3]) / 2, (to[0] + to[2]) / 2, (to[1] + to[3]) / 2];
  return svg("g", {class: "arrow"}, svg("line", {x1, y1, x2, y2, "marker-end": "url(#head)", class: "under"}), svg("line", {x1, y1, x2, y2, "marker-end": "url(#head)"}),
    svg("text", {x: (x1 + x2) / 2, y: (y1 + y2) / 2}, name("predicate", one.predicate).text));
}

function interactionItem(one, objects) {
  const of = (id) => objects.find((other) => other.id === id) ?? {text: `#${id}`};
  const [subject, object] = [of(one.subject_id), of(one.object_id)];
  const {text, language} = name("predicate", one.predicate);
  return h("li", {}, h("span", inLanguage(subject.language), subject.text), " ", h("em", inLanguage(language), text), " → ", h("span", inLanguage(object.language), object.text), " ", h("span", {class: `tag ${one.status}`}, t(`status_${one.status}`)));
}

function predictionItem(one) {
  const {text, language} = nameOf(one.category);
  return h("li", {class: "object-line"}, h("span", {class: `tag match ${one.kind}`}, t(`match_${one.kind}`)), h("span", inLanguage(language), text),
    one.score !== null ? h("span", {class: "count"}, percent(one.score)) : null, one.overlap ? h("span", {class: "count"}, t("overlap", percent(one.overlap))) : null);
}

function candidateItem(one) {
  return h("li", {}, h("span", {class: "kind"}, one.captioner), h("p", {lang: one.language}, marked(one)));
}

function captionsOf(image) {
  if (!image.captions.length) return null;
  const languages = [...new Set(image.captions.map((one) => one.language))];
  const wished = (language) => [settings.names, settings.interface, "en"].indexOf(language);
  languages.sort((a, b) => (wished(a) < 0 ? 9 : wished(a)) - (wished(b) < 0 ? 9 : wished(b)));
  return section("captions", languages.map((language) => h("div", {class: "captions"}, h("h3", {}, languageName(language)),
    h("ul", {}, image.captions.filter((one) => one.language === language).map((one) => h("li", {},
      h("span", {class: "kind"}, t(`kind_${one.kind}`), " ", h("span", {class: `tag ${one.status}`}, t(`status_${one.status}`))), h("p", {lang: language}, one.text)))))));
}

// What made a record: a model's run, a person, an import.
function originOf(one) {
  const run = one.run ? t("by_run", [one.run.step, one.run.backend].filter(Boolean).join(" "), one.run.at.slice(0, 10)) : "";
  return [t(`origin_${one.origin}`), run].filter(Boolean).join(" · ");
}

// What people changed, with the draft's outline and the accepted one side by side.
function changesOf(one, image) {
  const renamed = one.draft_category ? nameOf(one.draft_category).text : null;
  const lines = one.changes.map((change) => h("li", {}, h("time", {}, change.at.slice(0, 16).replace("T", " ")), " ", change.step, ": ",
    change.fields.map((field) => (field === "status" ? t(`status_${change.status}`) : t(`changed_${field}`))).join(", ")));
  const crops = one.draft ? h("div", {class: "crops"}, [["draft", one.draft], ["accepted", one.path]].map(([key, path]) => {
    const box = boxOf(one.draft + one.path);
    const edge = Math.max(box[2] - box[0], box[3] - box[1]) * 0.12 + 4;
    return h("figure", {}, svg("svg", {viewBox: `${box[0] - edge} ${box[1] - edge} ${box[2] - box[0] + 2 * edge} ${box[3] - box[1] + 2 * edge}`, role: "img", "aria-label": t(`outline_${key}`)},
      svg("image", {href: data.photograph(image.id, image.extension), width: image.width, height: image.height}),
      svg("path", {d: path, "fill-rule": "evenodd", class: `mask ${key}`, style: {"--color": one.color}})), h("figcaption", {}, t(`outline_${key}`)));
  })) : null;
  return h("details", {class: "changes"}, h("summary", {}, t("changes", one.changes.length)), renamed ? h("p", {}, t("was_called", renamed)) : null, crops, h("ol", {}, lines));
}

function licence(image) {
  const {spdx, name: words, url} = image.license;
  const text = label("license", spdx).text;
  const address = url || (/^(LicenseRef-|unknown$)/.test(spdx) || / /.test(spdx) ? "" : `https://spdx.org/licenses/${spdx}.html`);
  return h("dl", {class: "credit"},
    h("dt", {}, t("licence")), h("dd", {class: "licence"}, address ? outsideLink(address, text) : text, words && words !== spdx ? ` (${words})` : ""),
    h("dt", {}, t("author")), h("dd", {}, image.author || t("not_known")),
    h("dt", {}, t("source")), h("dd", {}, image.source_url ? outsideLink(image.source_url) : t("not_known")));
}

function details(image, site) {
  const rows = [
    ["number", String(image.id)],
    ["file", image.file_name],
    ["size", `${number(image.width)} × ${number(image.height)}`],
    ["subdomain", image.subdomain ? h("a", {href: writeAddress({filters: new Map([["subdomain", [image.subdomain]]])})}, name("subdomain", image.subdomain).text) : t("not_known")],
    image.split ? ["split", t(`split_${image.split}`)] : null,
    image.run ? ["added", t("by_run", image.run.step, image.run.at.slice(0, 10))] : null,
    ["from", [site.about.name, site.about.version].filter(Boolean).join(" ")],
  ];
  return h("dl", {class: "details"}, rows.filter(Boolean).map(([key, value]) => [h("dt", {}, t(`detail_${key}`)), h("dd", {}, value)]));
}

