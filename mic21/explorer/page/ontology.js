// The ontology: themes and what is drawn in them, the hypernym tree, and one category with all that is known of it.

import {writeAddress} from "./address.js";
import * as data from "./data.js";
import {folding, h, replace} from "./dom.js";
import {filtered} from "./gallery.js";
import {inLanguage, languageName, name, number, t} from "./words.js";

const SAMPLES = 12;

export function showOntology(main, view, site) {
  const counts = (site.everything ??= site.index.filter(new Map())).counts;
  const showsTree = view.id === "tree";
  const children = new Map();
  for (const {key, parents} of site.ontology.categories)
    for (const parent of parents.length ? parents : [""]) children.set(parent, [...(children.get(parent) ?? []), key]);
  main.className = "ontology";
  replace(
    main,
    h("h1", {}, t("page_ontology")),
    h(
      "p",
      {class: "lead"},
      t(
        "ontology_lead",
        site.ontology.domains.length,
        site.ontology.subdomains.length,
        site.ontology.categories.length,
      ),
    ),
    h(
      "div",
      {class: "switch", role: "group", "aria-label": t("show_as")},
      h("a", {href: "#/ontology", "aria-current": showsTree ? null : "true"}, t("by_theme")),
      h("a", {href: "#/ontology/tree", "aria-current": showsTree ? "true" : null}, t("by_tree")),
    ),
    showsTree
      ? h(
          "ul",
          {class: "hypernyms"},
          byName(children.get("") ?? []).map((key) => branch(key, children, counts, site)),
        )
      : site.ontology.domains.map((domain) => themesOf(domain, counts, site)),
  );
}

const byName = (keys) => [...keys].sort((a, b) => name("category", a).text.localeCompare(name("category", b).text));
const countOf = (key, counts, site) => counts.category[site.index.codes.get(key)] ?? 0;

function themesOf(domain, counts, site) {
  const {text, language} = name("domain", domain);
  const themes = site.ontology.subdomains.filter((theme) => theme.domain === domain);
  return h(
    "section",
    {class: "domain"},
    h("h2", inLanguage(language), text),
    h(
      "div",
      {class: "themes"},
      themes.map((theme) => {
        const count = counts.subdomain[site.index.words.subdomain.indexOf(theme.key)] ?? 0;
        const own = name("subdomain", theme.key);
        return h(
          "details",
          {class: "theme"},
          h(
            "summary",
            {},
            h("span", inLanguage(own.language), own.text),
            h("span", {class: "count"}, count ? number(count) : ""),
          ),
          count
            ? h(
                "p",
                {},
                h(
                  "a",
                  {href: writeAddress({filters: new Map([["subdomain", [theme.key]]])})},
                  t("see_photographs", count),
                ),
              )
            : null,
          ["dominant", "attribute"].map((role) => [
            h("h3", {}, t(`role_${role}`)),
            h(
              "ul",
              {class: "inline"},
              theme.categories.filter((one) => one.role === role).map((one) => h("li", {}, link(one.key))),
            ),
          ]),
        );
      }),
    ),
  );
}

function branch(key, children, counts, site) {
  const below = byName(children.get(key) ?? []);
  const count = countOf(key, counts, site);
  const line = [
    h("span", {class: "swatch", style: {background: site.colors.get(key)}}),
    link(key),
    h("span", {class: "count"}, count ? number(count) : ""),
  ];
  return h(
    "li",
    {},
    below.length
      ? folding(t("kinds_of", name("category", key).text), false, () =>
          below.map((one) => branch(one, children, counts, site)),
        ).toSpliced(1, 0, line)
      : line,
  );
}

function link(key) {
  const {text, language} = name("category", key);
  return h("a", {href: writeAddress({page: "category", id: key}), ...inLanguage(language)}, text);
}

export async function showCategory(main, view, site, isCurrent) {
  const word = view.id;
  if (!site.index.codes.has(word) || word.startsWith("#")) throw new data.Missing(t("no_such_category", word));
  const category = await data.category(word);
  if (!isCurrent()) return;
  const {text, language} = name("category", word);
  const with_ = {filters: new Map([["category", [word]]])};
  const {images, annotations} = filtered(with_, site);
  const reviewed = Object.values(category.names).filter((one) => one.reviewed).length;
  main.className = "category";
  replace(
    main,
    h(
      "nav",
      {class: "path", "aria-label": t("hypernyms")},
      category.paths.map((path) =>
        h(
          "ol",
          {},
          [...path]
            .reverse()
            .map((key) =>
              h("li", {}, key === word ? h("span", {"aria-current": "page"}, name("category", key).text) : link(key)),
            ),
        ),
      ),
    ),
    h(
      "h1",
      {},
      h("span", {class: "swatch large", style: {background: site.colors.get(word)}}),
      h("span", inLanguage(language), text),
    ),
    h("p", {class: "lead", lang: "en"}, category.definition),
    category.note ? h("p", {class: "note", lang: "en"}, category.note) : null,
    h(
      "section",
      {},
      h("h2", {}, t("sample_images")),
      images.length
        ? [
            h(
              "div",
              {class: "samples"},
              [...images.slice(0, SAMPLES)].map((image) => {
                const id = site.index.arrays.id[image];
                return h(
                  "a",
                  {href: writeAddress({...with_, page: "image", id})},
                  h("img", {src: data.thumbnail(id), alt: t("photograph", String(id)), loading: "lazy"}),
                );
              }),
            ),
            h(
              "p",
              {},
              h("a", {href: writeAddress(with_)}, t("see_photographs", images.length)),
              " · ",
              h("a", {href: writeAddress({...with_, page: "masks"})}, t("masks", annotations.length)),
            ),
          ]
        : h("p", {}, t("no_photographs_of", text)),
    ),
    h(
      "div",
      {class: "columns"},
      h(
        "section",
        {},
        h("h2", {}, t("names_25", Object.keys(category.names).length)),
        h("p", {class: "small"}, t("reviewed", reviewed, Object.keys(category.names).length)),
        namesTable(category),
      ),
      h(
        "div",
        {},
        h("section", {}, h("h2", {}, t("passport")), passport(category)),
        Object.keys(category.roles).length
          ? h(
              "section",
              {},
              h("h2", {}, t("drawn_in")),
              h(
                "ul",
                {},
                Object.entries(category.roles).map(([theme, role]) =>
                  h(
                    "li",
                    {},
                    h(
                      "a",
                      {
                        href: writeAddress({filters: new Map([["subdomain", [theme]]])}),
                        ...inLanguage(name("subdomain", theme).language),
                      },
                      name("subdomain", theme).text,
                    ),
                    " ",
                    h("span", {class: "tag"}, t(`as_${role}`)),
                  ),
                ),
              ),
            )
          : null,
        category.children.length
          ? h(
              "section",
              {},
              h("h2", {}, t("below")),
              h(
                "ul",
                {class: "inline"},
                byName(category.children).map((key) => h("li", {}, link(key))),
              ),
            )
          : null,
        category.relations.length
          ? h(
              "section",
              {},
              h("h2", {}, t("relations")),
              h(
                "ul",
                {},
                category.relations.map((one) =>
                  h(
                    "li",
                    {},
                    link(one.subject),
                    " ",
                    h(
                      "em",
                      inLanguage(name("predicate", one.predicate).language),
                      name("predicate", one.predicate).text,
                    ),
                    " ",
                    link(one.object),
                  ),
                ),
              ),
            )
          : null,
      ),
    ),
  );
}

function namesTable(category) {
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
          ["language", "name", "synonyms", "state"].map((key) => h("th", {scope: "col"}, t(`column_${key}`))),
        ),
      ),
      h(
        "tbody",
        {},
        Object.entries(category.names).map(([language, one]) =>
          h(
            "tr",
            {},
            h("th", {scope: "row"}, languageName(language)),
            h(
              "td",
              {lang: language},
              one.name ?? "—",
              one.gender ? h("span", {class: "gender", title: t(`gender_${one.gender}`)}, ` ${one.gender}`) : null,
            ),
            h("td", {lang: language}, one.synonyms.join(", ")),
            h(
              "td",
              {},
              h(
                "span",
                {class: `tag ${one.reviewed ? "accepted" : "draft"}`},
                t(one.reviewed ? "name_reviewed" : "name_unreviewed"),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

function passport(category) {
  const rows = [
    ["key", category.key],
    ["id", String(category.id)],
    ["synset", category.synset ? `eng-30-${category.synset}` : null],
    ["sense_key", category.sense_key],
    ["ili", category.ili],
  ];
  return h(
    "dl",
    {class: "details"},
    rows
      .filter(([, value]) => value)
      .map(([key, value]) => [h("dt", {}, t(`passport_${key}`)), h("dd", {}, h("code", {}, value))]),
  );
}
