// The parts of a photograph's page: texts, interactions, what was predicted, licence, and where everything came from.

import {writeAddress} from "./address.js";
import {marked} from "./compare.js";
import * as data from "./data.js";
import {h, outsideLink, svg} from "./dom.js";
import {label} from "./filters.js";
import {inLanguage, languageName, name, number, percent, settings, t} from "./words.js";

export const nameOf = (word) => name("category", word);

export function section(key, ...body) {
  return h("section", {class: `part part-${key}`}, h("h2", {}, t(`part_${key}`)), body);
}

// The box of a path made of M, h and v.
export function boxOf(path) {
  let x = 0,
    y = 0,
    box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [, kind, a, b] of path.matchAll(/([Mhv])(-?\d+)(?: (\d+))?/g)) {
    if (kind === "M") [x, y] = [Number(a), Number(b)];
    else if (kind === "h") x += Number(a);
    else y += Number(a);
    box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
  }
  return box;
}

export function arrow(one, objects) {
  const [from, to] = [one.subject_id, one.object_id].map((id) => objects.find((other) => other.id === id)?.box);
  if (!from?.every(Number.isFinite) || !to?.every(Number.isFinite)) return null;
  const [x1, y1, x2, y2] = [(from[0] + from[2]) / 2, (from[1] + from[3]) / 2, (to[0] + to[2]) / 2, (to[1] + to[3]) / 2];
  return svg(
    "g",
    {class: "arrow"},
    svg("line", {x1, y1, x2, y2, "marker-end": "url(#head)", class: "under"}),
    svg("line", {x1, y1, x2, y2, "marker-end": "url(#head)"}),
    svg("text", {x: (x1 + x2) / 2, y: (y1 + y2) / 2}, name("predicate", one.predicate).text),
  );
}

function interactionItem(one, objects) {
  const of = (id) => objects.find((other) => other.id === id) ?? {text: `#${id}`};
  const [subject, object] = [of(one.subject_id), of(one.object_id)];
  const {text, language} = name("predicate", one.predicate);
  return h(
    "li",
    {},
    h("span", inLanguage(subject.language), subject.text),
    " ",
    h("em", inLanguage(language), text),
    " → ",
    h("span", inLanguage(object.language), object.text),
    " ",
    h("span", {class: `tag ${one.status}`}, t(`status_${one.status}`)),
  );
}

function predictionItem(one) {
  const {text, language} = nameOf(one.category);
  return h(
    "li",
    {class: "object-line"},
    h("span", {class: `tag match ${one.kind}`}, t(`match_${one.kind}`)),
    h("span", inLanguage(language), text),
    one.score !== null ? h("span", {class: "count"}, percent(one.score)) : null,
    one.overlap ? h("span", {class: "count"}, t("overlap", percent(one.overlap))) : null,
  );
}

function candidateItem(one) {
  return h("li", {}, h("span", {class: "kind"}, one.captioner), h("p", {lang: one.language}, marked(one)));
}

export function interactionsOf(image, objects) {
  if (!image.interactions.length) return null;
  const items = image.interactions.map((one) => interactionItem(one, objects));
  return section("interactions", h("ul", {}, items));
}

export function predictionsOf(image) {
  if (!image.predictions) return null;
  return section("predictions", h("ul", {class: "objects"}, image.predictions.map(predictionItem)));
}

export function candidatesOf(image) {
  if (!image.candidates?.length) return null;
  return section("candidates", h("ul", {class: "captions"}, image.candidates.map(candidateItem)));
}

// Language → a title, or a description where there is none.
export function titles(image) {
  const found = {};
  const titlesFirst = [...image.captions].sort((a, b) => (a.kind !== "title") - (b.kind !== "title"));
  for (const {language, text} of titlesFirst) found[language] ??= text;
  return found;
}

export function captionsOf(image) {
  if (!image.captions.length) return null;
  const languages = [...new Set(image.captions.map((one) => one.language))];
  const wished = (language) => [settings.names, settings.interface, "en"].indexOf(language);
  languages.sort((a, b) => (wished(a) < 0 ? 9 : wished(a)) - (wished(b) < 0 ? 9 : wished(b)));
  const ofLanguage = (language) => image.captions.filter((one) => one.language === language).map(captionItem);
  const body = languages.map((language) => [h("h3", {}, languageName(language)), h("ul", {}, ofLanguage(language))]);
  return section("captions", h("div", {class: "captions"}, body));
}

function captionItem(one) {
  const status = h("span", {class: `tag ${one.status}`}, t(`status_${one.status}`));
  return h(
    "li",
    {},
    h("span", {class: "kind"}, t(`kind_${one.kind}`), " ", status),
    h("p", {lang: one.language}, one.text),
  );
}

// What made a record: a model's run, a person, an import.
export function originOf(one) {
  const run = one.run
    ? t("by_run", [one.run.step, one.run.backend].filter(Boolean).join(" "), one.run.at.slice(0, 10))
    : "";
  return [t(`origin_${one.origin}`), run].filter(Boolean).join(" · ");
}

// What people changed, with the draft's outline and the accepted one side by side.
export function changesOf(one, image) {
  const renamed = one.draft_category ? nameOf(one.draft_category).text : null;
  const lines = one.changes.map((change) =>
    h(
      "li",
      {},
      h("time", {}, change.at.slice(0, 16).replace("T", " ")),
      " ",
      change.step,
      ": ",
      change.fields
        .map((field) => (field === "status" ? t(`status_${change.status}`) : t(`changed_${field}`)))
        .join(", "),
    ),
  );
  const crops = one.draft
    ? h(
        "div",
        {class: "crops"},
        [
          ["draft", one.draft],
          ["accepted", one.path],
        ].map(([key, path]) => {
          const box = boxOf(one.draft + one.path);
          const edge = Math.max(box[2] - box[0], box[3] - box[1]) * 0.12 + 4;
          return h(
            "figure",
            {},
            svg(
              "svg",
              {
                viewBox: `${box[0] - edge} ${box[1] - edge} ${box[2] - box[0] + 2 * edge} ${box[3] - box[1] + 2 * edge}`,
                role: "img",
                "aria-label": t(`outline_${key}`),
              },
              svg("image", {
                href: data.photograph(image.id, image.extension),
                width: image.width,
                height: image.height,
              }),
              svg("path", {d: path, "fill-rule": "evenodd", class: `mask ${key}`, style: {"--color": one.color}}),
            ),
            h("figcaption", {}, t(`outline_${key}`)),
          );
        }),
      )
    : null;
  return h(
    "details",
    {class: "changes"},
    h("summary", {}, t("changes", one.changes.length)),
    renamed ? h("p", {}, t("was_called", renamed)) : null,
    crops,
    h("ol", {}, lines),
  );
}

export function licence(image) {
  const {spdx, name: words, url} = image.license;
  const text = label("license", spdx).text;
  const address =
    url || (/^(LicenseRef-|unknown$)/.test(spdx) || / /.test(spdx) ? "" : `https://spdx.org/licenses/${spdx}.html`);
  return h(
    "dl",
    {class: "credit"},
    h("dt", {}, t("licence")),
    h(
      "dd",
      {class: "licence"},
      address ? outsideLink(address, text) : text,
      words && words !== spdx ? ` (${words})` : "",
    ),
    h("dt", {}, t("author")),
    h("dd", {}, image.author || t("not_known")),
    h("dt", {}, t("source")),
    h("dd", {}, image.source_url ? outsideLink(image.source_url) : t("not_known")),
  );
}

export function details(image, site) {
  const rows = [
    ["number", String(image.id)],
    ["file", image.file_name],
    ["size", `${number(image.width)} × ${number(image.height)}`],
    [
      "subdomain",
      image.subdomain
        ? h(
            "a",
            {href: writeAddress({filters: new Map([["subdomain", [image.subdomain]]])})},
            name("subdomain", image.subdomain).text,
          )
        : t("not_known"),
    ],
    image.split ? ["split", t(`split_${image.split}`)] : null,
    image.run ? ["added", t("by_run", image.run.step, image.run.at.slice(0, 10))] : null,
    ["from", [site.about.name, site.about.version].filter(Boolean).join(" ")],
  ];
  return h(
    "dl",
    {class: "details"},
    rows.filter(Boolean).map(([key, value]) => [h("dt", {}, t(`detail_${key}`)), h("dd", {}, value)]),
  );
}
