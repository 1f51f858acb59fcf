// Counts of what the filters let through, as bars that can be followed.

import {toggled, writeAddress} from "./address.js";
import {h, replace} from "./dom.js";
import {chips, label} from "./filters.js";
import {filtered} from "./gallery.js";
import {inLanguage, number, percent, t} from "./words.js";

const FEW = 15;

export function showStatistics(main, view, site) {
  const index = site.index;
  const {images, annotations} = filtered(view, site);
  const arrays = index.arrays;
  const ofMasks = (array, words) => tally(annotations, (at) => words[array[at]]);
  const texts = range(images, arrays["captions.start"]);
  const facets = index.facets;
  const plots = [
    ["category", ofMasks(arrays["annotations.category"], index.words["annotations.category"]), "masks"],
    ["subdomain", tally(images, (image) => index.word("subdomain", image)), "photographs"],
    ["size", ofMasks(index.sizes, ["small", "medium", "large"]), "masks"],
    ["status", ofMasks(arrays["annotations.status"], index.words["annotations.status"]), "masks"],
    arrays["annotations.fate"]
      ? ["fate", ofMasks(arrays["annotations.fate"], index.words["annotations.fate"]), "masks"]
      : ["origin", ofMasks(arrays["annotations.origin"], index.words["annotations.origin"]), "masks"],
    ["language", tally(texts, (at) => index.words["captions.language"][arrays["captions.language"][at]]), "texts"],
    ["license", tally(images, (image) => index.word("license", image)), "photographs"],
    arrays.split ? ["split", tally(images, (image) => index.word("split", image)), "photographs"] : null,
  ].filter((plot) => plot && plot[1].length && facets.some((facet) => facet.name === plot[0]));
  main.className = "statistics";
  const figure = (value, key) => h("div", {}, h("dd", {}, number(value)), h("dt", {}, t(key)));
  replace(
    main,
    h("h1", {}, t("page_statistics")),
    chips(view),
    h(
      "dl",
      {class: "figures"},
      figure(images.length, "figure_photographs"),
      figure(annotations.length, "figure_masks"),
      figure(texts.length, "figure_texts"),
      figure(new Set(Array.from(annotations, (at) => arrays["annotations.category"][at])).size, "figure_categories"),
    ),
    h(
      "p",
      {class: "small"},
      t("statistics_lead"),
      " ",
      h("a", {href: writeAddress({...view, page: "images"})}, t("see_photographs", images.length)),
    ),
    h(
      "div",
      {class: "plots"},
      plots.map(([facet, bars, unit]) => plot(facet, bars, unit, view)),
      perImage(images, index.sorts.objects),
    ),
  );
}

function range(images, start) {
  const found = [];
  for (const image of images) for (let at = start[image]; at < start[image + 1]; at++) found.push(at);
  return found;
}

function tally(places, wordOf) {
  const counts = new Map();
  for (const place of places) {
    const word = wordOf(place);
    if (word) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function plot(facet, bars, unit, view) {
  const most = bars[0][1];
  const all = bars.reduce((sum, [, count]) => sum + count, 0);
  const items = bars.map(([word, count]) => {
    const {text, language} = label(facet, word);
    return h(
      "li",
      {},
      h(
        "a",
        {href: writeAddress({...toggled(view, facet, word), page: "images"}), title: t("see_these")},
        h("span", {class: "bar-name", ...inLanguage(language)}, text),
        h("span", {class: "bar-line", "aria-hidden": "true"}, h("span", {style: {width: `${(100 * count) / most}%`}})),
        h("span", {class: "count"}, number(count), h("span", {class: "share"}, ` ${percent(count / all)}`)),
      ),
    );
  });
  const rest = items.splice(FEW);
  const list = h("ol", {class: "bars"}, items);
  const more = rest.length
    ? h(
        "button",
        {
          type: "button",
          class: "more",
          onclick: () => {
            list.append(...rest);
            more.remove();
          },
        },
        t("more", rest.length),
      )
    : null;
  return h(
    "section",
    {class: "plot"},
    h("h2", {}, t(`plot_${facet}`)),
    h("p", {class: "small"}, t(`counted_${unit}`)),
    list,
    more,
  );
}

// How many masks a photograph has.
function perImage(images, fewer) {
  const counts = new Array(21).fill(0);
  for (const image of images) counts[Math.min(20, -fewer(image))]++;
  while (counts.length > 1 && counts.at(-1) === 0) counts.pop();
  const most = Math.max(...counts, 1);
  return h(
    "section",
    {class: "plot"},
    h("h2", {}, t("plot_objects")),
    h("p", {class: "small"}, t("counted_photographs")),
    h(
      "ol",
      {class: "histogram"},
      counts.map((count, masks) =>
        h(
          "li",
          {},
          h("span", {class: "visually-hidden"}, `${masks === 20 ? "20+" : masks}: ${count}`),
          h("span", {
            class: "column",
            title: number(count),
            "aria-hidden": "true",
            style: {height: `${(100 * count) / most}%`},
          }),
          h("span", {class: "tick", "aria-hidden": "true"}, masks === 20 ? "20+" : String(masks)),
        ),
      ),
    ),
  );
}
