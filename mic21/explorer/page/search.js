// The search box: categories by their names in any language, and subdomains, as one types.

import {writeAddress} from "./address.js";
import * as data from "./data.js";
import {announce, h} from "./dom.js";
import {allNames, inLanguage, languageName, name, nameText, number, t} from "./words.js";

export function makeSearch(place, site) {
  let matches = [],
    at = -1,
    asked = 0;
  const list = h("ul", {id: "matches", role: "listbox", "aria-label": t("matches"), hidden: true});
  const input = h("input", {
    type: "search",
    id: "word",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-expanded": "false",
    "aria-controls": "matches",
    "aria-autocomplete": "list",
    "aria-label": t("search"),
    placeholder: t("search_hint"),
  });
  place.replaceChildren(input, list);

  function hide() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(match) {
    hide();
    input.value = "";
    input.blur();
    location.hash = match.address;
  }

  function mark(next) {
    at = matches.length ? (next + matches.length) % matches.length : -1;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", place === at));
    if (at >= 0) {
      input.setAttribute("aria-activedescendant", `match-${at}`);
      list.children[at].scrollIntoView({block: "nearest"});
    }
  }

  async function look() {
    const word = input.value.trim();
    const mine = ++asked;
    if (!word) return hide();
    const found = await find(word, site);
    if (mine !== asked) return;
    matches = found;
    list.replaceChildren(
      ...(found.length
        ? found.map((match, place) =>
            h(
              "li",
              {
                id: `match-${place}`,
                role: "option",
                "aria-selected": "false",
                onmousedown: (event) => {
                  event.preventDefault();
                  choose(match);
                },
              },
              match.color
                ? h("span", {class: "swatch", style: {background: match.color}})
                : h("span", {class: "swatch theme"}),
              h("span", {class: "match-name", ...inLanguage(match.language)}, match.name),
              h("span", {class: "match-more"}, match.more),
              h("span", {class: "count"}, match.count ? number(match.count) : t("no_photographs")),
            ),
          )
        : [h("li", {class: "nothing", role: "option", "aria-disabled": "true"}, t("no_match"))]),
    );
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    announce(t("matches_found", found.length));
    mark(-1);
    at = -1;
    list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  }

  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 60);
  });
  input.addEventListener("focus", () => input.value && look());
  input.addEventListener("blur", hide);
  input.addEventListener("keydown", async (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Escape") {
      hide();
      input.blur();
    } else if (event.key === "Enter") {
      clearTimeout(waiting);
      if (list.hidden || at < 0) await look();
      if (matches.length) choose(matches[Math.max(0, at)]);
    } else return;
    event.preventDefault();
  });
}

async function find(word, site) {
  const counts = (site.everything ??= site.index.filter(new Map())).counts;
  const started = word.toLocaleLowerCase();
  const themes = site.ontology.subdomains
    .filter(({key}) => (allNames("subdomain")[key] ?? key).toLocaleLowerCase().startsWith(started))
    .slice(0, 3)
    .map(({key}) => {
      const count = counts.subdomain[site.index.words.subdomain.indexOf(key)] ?? 0;
      return {
        name: nameText("subdomain", key),
        language: name("subdomain", key).language,
        more: t("subdomain"),
        count,
        address: writeAddress({filters: new Map([["subdomain", [key]]])}),
      };
    });
  const found = site.about.static ? await findHere(word) : await data.search(word);
  const categories = found.map(({key, name: matched, language}) => {
    const count = counts.category[site.index.codes.get(key)] ?? 0;
    const own = nameText("category", key);
    const more = own === matched ? languageName(language) : `${languageName(language)} · ${own}`;
    // Without photographs there is still the category's own page.
    const address = count
      ? writeAddress({filters: new Map([["category", [key]]])})
      : writeAddress({page: "category", id: key});
    return {name: matched, language, more, count, color: site.colors.get(key), address};
  });
  return [...categories, ...themes.filter((theme) => theme.count)];
}

// On a static site the page searches by itself: whole names, then beginnings of names, then of words in them.
let folded;

async function findHere(word) {
  const {names, letters} = await data.searchNames();
  folded ??= names.map(([, , text]) => fold(text, letters));
  const wanted = fold(word, letters);
  const best = new Map();
  folded.forEach((forms, place) => {
    const rank = Math.min(
      ...forms.map((form) =>
        Math.min(
          ...wanted.map((one) => (form === one ? 0 : form.startsWith(one) ? 1 : form.includes(" " + one) ? 2 : 9)),
        ),
      ),
    );
    if (rank === 9) return;
    const [key, language, text] = names[place];
    const order = rank * 1000 + Math.abs(text.length - word.length);
    if (!best.has(key) || order < best.get(key).order) best.set(key, {order, key, language, name: text});
  });
  return [...best.values()].sort((a, b) => a.order - b.order).slice(0, 12);
}

// Latin letters without case and accents; two ways of it for some Cyrillic (see fold.py, which made the table).
function fold(text, letters) {
  const spell = (way) =>
    [...text.toLowerCase()]
      .map((letter) => {
        if (letter === " " || letter === "-") return " ";
        const found = letters[letter];
        return found ? found[Math.min(way, found.length - 1)] : letter.normalize("NFKD").replace(/\p{M}/gu, "");
      })
      .join("")
      .replace(/\s+/g, " ")
      .trim();
  return [...new Set([spell(0), spell(1)])];
}
