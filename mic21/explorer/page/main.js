// Starts the page, and shows the view that the address names.

import {readAddress, writeAddress} from "./address.js";
import {showCaptions, showComparison} from "./compare.js";
import * as data from "./data.js";
import {announce, h} from "./dom.js";
import {showGallery} from "./gallery.js";
import {showImage} from "./image.js";
import {Index} from "./index.js";
import {showHelp} from "./keys.js";
import {showCategory, showOntology} from "./ontology.js";
import {makeSearch} from "./search.js";
import {showStatistics} from "./statistics.js";
import {choose, languageName, loadWords, nameImports, settings, stored, t} from "./words.js";

const main = document.getElementById("main");
const PAGES = {
  images: showGallery,
  masks: showGallery,
  image: showImage,
  ontology: showOntology,
  category: showCategory,
  statistics: showStatistics,
  comparison: showComparison,
  captions: showCaptions,
};

// What every view is given.
const site = {about: null, index: null, ontology: null, colors: new Map()};
let leave = () => {};
let shown = "";

async function show() {
  const view = readAddress();
  const page = PAGES[view.page];
  leave();
  leave = () => {};
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.dataset.page === view.page || (link.dataset.page === "ontology" && view.page === "category");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const moved = shown !== `${view.page}/${view.id}`;
  shown = `${view.page}/${view.id}`;
  const mine = (showing = Symbol(view.page));
  const isCurrent = () => showing === mine;
  try {
    if (!page) throw new data.Missing(t("lost"));
    const found = await page(main, view, site, isCurrent);
    if (typeof found === "function") {
      if (isCurrent()) leave = found;
      else found();
    }
  } catch (error) {
    if (!isCurrent()) return;
    if (!(error instanceof data.Missing)) console.error(error);
    lost(error instanceof data.Missing ? error.message : String(error));
  }
  if (!isCurrent()) return;
  const title = main.querySelector("h1")?.textContent;
  document.title = title ? `${title} · ${site.about.name}` : site.about.name;
  if (moved) announce(title ?? "");
}
let showing;

function lost(reason) {
  main.className = "lost";
  main.replaceChildren(
    h("h1", {}, t("not_found")),
    h("p", {}, reason),
    h("p", {}, h("a", {href: "#/images"}, t("all_photographs"))),
  );
}

function frame() {
  document.documentElement.lang = settings.interface;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  document.getElementById("name").textContent = [site.about.name, site.about.version].filter(Boolean).join(" ");
  const pages = ["images", "ontology", "statistics"];
  if (site.about.comparison) pages.push("comparison");
  if (site.about.captioners.length) pages.push("captions");
  const nav = document.getElementById("nav");
  document.querySelector("header").classList.toggle("is-full", pages.length > 3);
  nav.setAttribute("aria-label", t("pages"));
  nav.replaceChildren(
    ...pages.map((page) => h("a", {href: writeAddress({page}), "data-page": page}, t(`page_${page}`))),
  );
  makeSearch(document.getElementById("search"), site);
  document.getElementById("settings").replaceChildren(
    h(
      "label",
      {},
      h("span", {class: "label"}, t("names_in")),
      h(
        "select",
        {
          id: "names",
          "aria-label": t("names_in"),
          title: t("names_in"),
          onchange: (event) => change("names", event.target.value),
        },
        site.about.languages.map((tag) =>
          h("option", {value: tag, selected: tag === settings.names}, languageName(tag)),
        ),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        lang: settings.interface === "en" ? "bg" : "en",
        onclick: () => change("interface", settings.interface === "en" ? "bg" : "en"),
      },
      settings.interface === "en" ? "Български" : "English",
    ),
    h(
      "button",
      {type: "button", class: "icon", "aria-label": t("theme"), title: t("theme"), onclick: changeTheme},
      "◐",
    ),
    h(
      "button",
      {type: "button", class: "icon keys-button", "aria-label": t("help"), title: t("help"), onclick: showHelp},
      "?",
    ),
  );
}

async function change(setting, value) {
  await choose(setting, value);
  if (setting === "interface" && value === "bg" && settings.names === "en") await choose("names", "bg");
  frame();
  shown = "";
  show();
}

function changeTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  choose("theme", root.dataset.theme);
}

async function start() {
  const theme = stored("theme", ["light", "dark"]);
  if (theme) document.documentElement.dataset.theme = theme;
  site.about = await data.about();
  const [buffer, ontology] = await Promise.all([data.columns(), data.ontology(), loadWords(site.about.languages)]);
  site.ontology = ontology;
  site.index = new Index(buffer, ontology);
  site.synsets = new Map(ontology.categories.map((one) => [one.key, one.synset]));
  for (const one of [...ontology.categories, ...ontology.imports]) site.colors.set(one.key, one.color);
  nameImports(ontology.imports);
  frame();
  addEventListener("hashchange", show);
  document.addEventListener("keydown", (event) => {
    if (
      event.target.closest("input:not([type=checkbox]), select, textarea, dialog") ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    if (event.key === "/") {
      event.preventDefault();
      document.querySelector("#search input").focus();
    } else if (event.key === "?") showHelp();
  });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  await show();
}

start().catch((error) => {
  console.error(error);
  main.replaceChildren(h("h1", {}, "mic21"), h("p", {}, String(error.message ?? error)));
});
