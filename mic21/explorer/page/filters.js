// The panel of facets, and what is chosen in them as labels that can be taken away.

import {readAddress, toggled, writeAddress} from "./address.js";
import {folding, h} from "./dom.js";
import {inLanguage, languageName, name, number, t} from "./words.js";

const FEW = 8; // choices shown before one asks for all
const opened = new Map([
  ["theme", true],
  ["category", true],
]);
const all = new Set(); // facets whose every choice is shown
const unfolded = new Set(); // categories whose children are shown

// How a choice of a facet is called: {text, language}.
export function label(facet, word) {
  if (facet === "domain" || facet === "subdomain" || facet === "category" || facet === "predicate")
    return name(facet, word);
  if (facet === "language") return {text: languageName(word), language: ""};
  if (facet === "license")
    return {
      text:
        word === "unknown"
          ? t("license_unknown")
          : word.replace(/^LicenseRef-/, "").replaceAll("-", word.startsWith("LicenseRef-") ? " " : "-"),
      language: "",
    };
  return {text: t(`${facet}_${word}`), language: ""};
}

export function chips(view) {
  const found = [...view.filters].flatMap(([facet, words]) => words.map((word) => [facet, word]));
  if (!found.length) return null;
  return h(
    "ul",
    {class: "chips", "aria-label": t("chosen")},
    found.map(([facet, word]) => {
      const {text, language} = label(facet, word);
      return h(
        "li",
        {},
        h(
          "a",
          {href: writeAddress(toggled(view, facet, word)), "aria-label": t("remove", text)},
          h("span", {class: "chip-facet"}, t(`facet_${facet}`)),
          h("span", inLanguage(language), text),
          h("span", {"aria-hidden": "true"}, "×"),
        ),
      );
    }),
    h("li", {}, h("a", {class: "clear", href: writeAddress({...view, filters: new Map()})}, t("clear"))),
  );
}

export function panel(view, site, counts) {
  const index = site.index;
  const words = Object.fromEntries(index.facets.map((facet) => [facet.name, facet.words]));

  function choice(facet, word, count, ...more) {
    const {text, language} = label(facet, word);
    const isChosen = (view.filters.get(facet) ?? []).includes(word);
    return h(
      "li",
      {class: count || isChosen ? "" : "none"},
      h(
        "label",
        {},
        h("input", {
          type: "checkbox",
          id: `${facet}-${word}`,
          checked: isChosen,
          onchange: () => {
            location.hash = writeAddress(toggled(readAddress(), facet, word));
          },
        }),
        facet === "category"
          ? h("span", {class: "swatch", style: {background: site.colors.get(word) ?? "#888"}})
          : null,
        h("span", {class: "choice", ...inLanguage(language)}, text),
        h("span", {class: "count"}, number(count)),
      ),
      more,
    );
  }

  function section(key, title, body, chosen) {
    if (!body) return null;
    const isOpen = opened.get(key) ?? chosen;
    return h(
      "details",
      {class: "facet", open: isOpen, ontoggle: (event) => opened.set(key, event.target.open)},
      h("summary", {}, h("h3", {}, title)),
      body,
    );
  }

  function plain(facet) {
    const found = words[facet].map((word, code) => [word, counts[facet][code]]);
    const chosen = view.filters.get(facet) ?? [];
    const present = found.filter(([word, count]) => count || chosen.includes(word));
    if (!present.length || (present.length < 2 && !chosen.length)) return null;
    const ordered = ["split", "status", "origin", "fate", "size"].includes(facet)
      ? present
      : present.sort((a, b) => b[1] - a[1]);
    return section(
      facet,
      t(`facet_${facet}`),
      list(facet, ordered, ([word, count]) => choice(facet, word, count)),
      chosen.length > 0,
    );
  }

  // The first of many choices; the others are made when one asks for them.
  function list(key, found, make) {
    if (found.length <= FEW + 2 || all.has(key)) return h("ul", {}, found.map(make));
    const onclick = () => {
      all.add(key);
      rest.replaceWith(...found.slice(FEW).map(make));
    };
    const more = h("button", {type: "button", class: "more", onclick}, t("more", found.length - FEW));
    const rest = h("li", {}, more);
    return h("ul", {}, found.slice(0, FEW).map(make), rest);
  }

  function themes() {
    const items = site.ontology.domains
      .map((domain, code) => {
        const chosen = view.filters.get("subdomain") ?? [];
        const below = site.ontology.subdomains
          .filter((theme) => theme.domain === domain)
          .map((theme) => [theme.key, counts.subdomain[words.subdomain.indexOf(theme.key)] ?? 0])
          .filter(([key, count]) => count || chosen.includes(key))
          .sort((a, b) => b[1] - a[1]);
        if (!counts.domain[code] && !below.length) return null;
        return choice(
          "domain",
          domain,
          counts.domain[code],
          h(
            "div",
            {class: "below"},
            list(domain, below, ([key, count]) => choice("subdomain", key, count)),
          ),
        );
      })
      .filter(Boolean);
    return items.length ? h("ul", {class: "tree"}, items) : null;
  }

  // The hypernym tree of what the photographs show; a category's number is that of all below it.
  function categories() {
    const children = new Map();
    const chosen = view.filters.get("category") ?? [];
    const count = (word) => counts.category[index.codes.get(word)] ?? 0;
    for (const {key, parents} of site.ontology.categories) {
      if (!count(key) && !chosen.includes(key)) continue;
      for (const parent of parents.length ? parents : [""])
        children.set(parent, [...(children.get(parent) ?? []), key]);
    }
    const others = words.category.filter((word) => word.startsWith("#") && count(word));
    const branch = (word) => {
      const below = (children.get(word) ?? []).sort((a, b) => count(b) - count(a));
      if (!below.length) return choice("category", word, count(word));
      const changed = (isOpen) => (isOpen ? unfolded.add(word) : unfolded.delete(word));
      return choice(
        "category",
        word,
        count(word),
        folding(t("kinds_of", label("category", word).text), unfolded.has(word), () => below.map(branch), changed),
      );
    };
    const tops = [...(children.get("") ?? []), ...others].sort((a, b) => count(b) - count(a));
    return tops.length ? h("div", {class: "tree"}, list("category", tops, branch)) : null;
  }

  return h(
    "div",
    {class: "facets"},
    section("theme", t("facet_theme"), themes(), true),
    section("category", t("facet_category"), categories(), true),
    ["predicate", "split", "status", "origin", "fate", "size", "license", "language"]
      .filter((facet) => words[facet])
      .map(plain),
  );
}
