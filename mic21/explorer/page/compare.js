// A model's masks beside the accepted ones, and captioners beside the references; the worst first.

import {writeAddress} from "./address.js";
import * as data from "./data.js";
import {h, replace, svg} from "./dom.js";
import {inLanguage, languageName, name, nameText, number, percent, t} from "./words.js";

const KINDS = ["matched", "confused", "missed", "invented"];
const PAGE = 30;

export async function showComparison(main, view, site, isCurrent) {
  if (!site.about.comparison) throw new data.Missing(t("lost"));
  const found = await data.comparison();
  if (!isCurrent()) return;
  main.className = "comparison";
  replace(
    main,
    h("h1", {}, t("page_comparison")),
    h("p", {class: "lead"}, t("comparison_lead", found.name)),
    h(
      "dl",
      {class: "figures"},
      KINDS.map((kind) =>
        h("div", {class: `match ${kind}`}, h("dd", {}, number(found.totals[kind])), h("dt", {}, t(`match_${kind}`))),
      ),
      h(
        "div",
        {},
        h("dd", {}, found.totals.overlap === null ? "—" : percent(found.totals.overlap)),
        h("dt", {}, t("mean_overlap")),
      ),
    ),
    h(
      "section",
      {},
      h("h2", {}, t("worst_images")),
      h("p", {class: "small"}, t("quality_means")),
      paged(h("ul", {class: "worst"}), found.images, (one) =>
        h(
          "li",
          {},
          h(
            "a",
            {href: writeAddress({page: "image", id: one.id, sort: "quality"})},
            h(
              "span",
              {class: "compared"},
              h("img", {
                src: data.thumbnail(one.id),
                alt: t("photograph", String(one.id)),
                loading: "lazy",
                onload: (event) => drawOver(event.target, one.id),
              }),
            ),
            h("span", {class: "quality"}, t("quality", percent(one.quality))),
            h("span", {class: "kinds"}, kinds(one)),
          ),
        ),
      ),
    ),
    h("section", {}, h("h2", {}, t("worst_categories")), table(found.categories, site)),
  );
}

// Over a thumbnail: what was predicted, and what was missed.
async function drawOver(picture, id) {
  const image = await data.image(id);
  const accepted = new Map(image.annotations.map((one) => [one.id, one.path]));
  picture.after(
    svg(
      "svg",
      {viewBox: `0 0 ${image.width} ${image.height}`, preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true"},
      image.predictions.map((one) =>
        svg("path", {d: one.path || accepted.get(one.annotation), class: `predicted ${one.kind}`}),
      ),
    ),
  );
}

const kinds = (one) =>
  KINDS.filter((kind) => one[kind]).map((kind) =>
    h("span", {class: `tag match ${kind}`}, `${number(one[kind])} ${t(`match_${kind}`)}`),
  );

function table(categories, site) {
  return h(
    "div",
    {class: "scrolls"},
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", {scope: "col"}, t("facet_category")),
          KINDS.map((kind) => h("th", {scope: "col", class: "number"}, t(`match_${kind}`))),
          h("th", {scope: "col", class: "number"}, t("mean_overlap")),
        ),
      ),
      h(
        "tbody",
        {},
        categories.map((one) => {
          const {text, language} = name("category", one.category);
          return h(
            "tr",
            {},
            h(
              "th",
              {scope: "row"},
              h("span", {class: "swatch", style: {background: site.colors.get(one.category) ?? "#888"}}),
              h(
                "a",
                {
                  href: writeAddress({sort: "quality", filters: new Map([["category", [one.category]]])}),
                  ...inLanguage(language),
                },
                text,
              ),
            ),
            KINDS.map((kind) => h("td", {class: "number"}, number(one[kind]))),
            h("td", {class: "number"}, one.overlap === null ? "—" : percent(one.overlap)),
          );
        }),
      ),
    ),
  );
}

// The first ones, and a button for the next.
function paged(list, rows, item) {
  let at = 0;
  const more = h("button", {type: "button", class: "more", onclick: () => next()}, "");
  function next() {
    list.append(...rows.slice(at, at + PAGE).map(item));
    at += PAGE;
    more.textContent = t("more", Math.max(0, rows.length - at));
    if (at >= rows.length) more.remove();
  }
  next();
  return [list, at < rows.length ? more : null];
}

export async function showCaptions(main, view, site, isCurrent) {
  if (!site.about.captioners.length) throw new data.Missing(t("lost"));
  const found = await data.captions();
  if (!isCurrent()) return;
  main.className = "comparison";
  replace(
    main,
    h("h1", {}, t("page_captions")),
    h("p", {class: "lead"}, t("captions_lead", found.captioners.join(", "))),
    h(
      "p",
      {class: "small legend"},
      h("mark", {class: "absent"}, t("mark_absent")),
      " ",
      t("mark_absent_means"),
      " · ",
      h("mark", {class: "unverified"}, t("mark_unverified")),
      " ",
      t("mark_unverified_means"),
    ),
    paged(h("ul", {class: "beside"}), found.images, (one) => captionRow(one, found.captioners)),
  );
}

function captionRow(one, captioners) {
  const texts = h("div", {class: "texts"});
  data.image(one.id).then(
    (image) => {
      texts.append(
        column(
          t("references"),
          image.captions.map((text) => [text.language, text.text]),
        ),
        ...captioners.map((captioner) =>
          column(
            captioner,
            image.candidates
              .filter((text) => text.captioner === captioner)
              .map((text) => [text.language, marked(text)]),
          ),
        ),
      );
    },
    () => {},
  );
  return h(
    "li",
    {},
    h(
      "a",
      {href: writeAddress({page: "image", id: one.id})},
      h("img", {src: data.thumbnail(one.id), alt: t("photograph", String(one.id)), loading: "lazy"}),
    ),
    texts,
  );
}

const column = (title, lines) =>
  h(
    "section",
    {},
    h("h3", {}, title),
    lines.map(([language, text]) => h("p", {lang: language, title: languageName(language)}, text)),
  );

// The text of a captioner, its words that no mask bears out marked.
export function marked(one) {
  const letters = [...one.text]; // indices count code points, as Python's do
  const found = [];
  let at = 0;
  for (const mark of one.marks) {
    found.push(
      letters.slice(at, mark.start).join(""),
      h(
        "mark",
        {class: mark.judgement, title: `${nameText("category", mark.category)}: ${t(`mark_${mark.judgement}_means`)}`},
        letters.slice(mark.start, mark.end).join(""),
      ),
    );
    at = mark.end;
  }
  return [...found, letters.slice(at).join("")];
}
