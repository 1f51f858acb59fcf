// The gallery: photographs in rows of one height with their masks drawn over them, or single masks. Only the rows on the
// screen exist, so that it scrolls as smoothly over 21,000 photographs as over twenty.

import {readAddress, writeAddress} from "./address.js";
import * as data from "./data.js";
import {announce, h, replace, svg} from "./dom.js";
import {chips, panel} from "./filters.js";
import {showsRejected} from "./index.js";
import {inLanguage, name, percent, settings, stored, choose, t} from "./words.js";

const GAP = 10;
const scrolled = new Map(); // address → where one was
let masksShown = stored("masks", ["off"]) !== "off";
const remembered = {filters: "", result: null}; // the filter that was last worked out

export function filtered(view, site) {
  const key = writeAddress({filters: view.filters});
  if (remembered.filters !== key) Object.assign(remembered, {filters: key, result: site.index.filter(view.filters)});
  return remembered.result;
}

export function showGallery(main, view, site) {
  const showsMasks = view.page === "masks";
  const {images, annotations, counts} = filtered(view, site);
  const index = site.index;
  const items = showsMasks ? index.sortedMasks(annotations, view.sort) : index.sorted(images, view.sort);
  const sorts = showsMasks ? ["", "score", "object"].filter((sort) => sort in index.sorts) : Object.keys(index.sorts);
  const text = showsMasks ? t("masks", items.length) : t("photographs", items.length);
  const focused = document.activeElement?.id;
  const facetsAt = main.querySelector(".side")?.scrollTop ?? 0;

  const grid = h("div", {class: "grid", role: "list", "aria-label": text});
  const side = h("aside", {class: "side", "aria-label": t("filters")}, panel(view, site, counts));
  const openSide = h(
    "button",
    {
      type: "button",
      class: "narrow-only",
      "aria-expanded": "false",
      onclick: () => {
        const isOpen = side.classList.toggle("is-open");
        openSide.setAttribute("aria-expanded", String(isOpen));
      },
    },
    t("filters") + (view.filters.size ? ` (${view.filters.size})` : ""),
  );
  const toggle = h(
    "button",
    {
      type: "button",
      "aria-pressed": String(masksShown),
      onclick: () => {
        masksShown = !masksShown;
        toggle.setAttribute("aria-pressed", String(masksShown));
        grid.classList.toggle("no-masks", !masksShown);
        choose("masks", masksShown ? "on" : "off");
      },
    },
    t("show_masks"),
  );
  if (sideWasOpen(main)) {
    side.classList.add("is-open");
    openSide.setAttribute("aria-expanded", "true");
  }
  const bar = h(
    "div",
    {class: "bar"},
    h("h1", {}, text),
    openSide,
    h(
      "div",
      {class: "switch", role: "group", "aria-label": t("show_as")},
      h(
        "a",
        {href: writeAddress({...view, page: "images", sort: ""}), "aria-current": showsMasks ? null : "true"},
        t("as_photographs"),
      ),
      h(
        "a",
        {
          href: writeAddress({...view, page: "masks", sort: view.sort === "score" ? "score" : ""}),
          "aria-current": showsMasks ? "true" : null,
        },
        t("as_masks"),
      ),
    ),
    sorts.length > 1
      ? h(
          "label",
          {class: "sort"},
          h("span", {class: "label"}, t("sort")),
          h(
            "select",
            {
              id: "sort",
              "aria-label": t("sort"),
              onchange: (event) => {
                location.hash = writeAddress({...readAddress(), sort: event.target.value});
              },
            },
            sorts.map((sort) => h("option", {value: sort, selected: sort === view.sort}, t(`sort_${sort || "id"}`))),
          ),
        )
      : null,
    showsMasks ? null : toggle,
  );
  main.className = "gallery";
  replace(
    main,
    side,
    h(
      "section",
      {class: "results"},
      bar,
      chips(view),
      items.length ? grid : h("p", {class: "empty"}, t("nothing_found")),
    ),
  );
  grid.classList.toggle("no-masks", !masksShown);
  side.scrollTop = facetsAt;
  if (focused) document.getElementById(focused)?.focus({preventScroll: true});
  announce(text);
  if (!items.length) return null;
  return virtualised(
    grid,
    items,
    showsMasks ? maskTile : photographTile,
    showsMasks ? () => 1 : (image) => aspect(index, image),
    view,
    site,
  );
}

const sideWasOpen = (main) => main.querySelector(".side.is-open") !== null && matchMedia("(max-width: 800px)").matches;

const aspect = (index, image) => Math.min(3, Math.max(0.5, index.arrays.width[image] / index.arrays.height[image]));

// Keeps the tiles on the screen, and two screens around, in the grid; gives what ends it.
function virtualised(grid, items, makeTile, shape, view, site) {
  const tiles = new Map(); // place → element
  const here = location.hash;
  let rows = [],
    width = 0,
    pending = 0;

  function lay() {
    width = grid.clientWidth;
    const target = width < 500 ? 132 : width < 1000 ? 170 : 200;
    rows = [];
    let top = 0,
      first = 0,
      sum = 0;
    for (let place = 0; place < items.length; place++) {
      sum += shape(items[place]);
      const isLast = place === items.length - 1;
      const full = (width - GAP * (place - first)) / sum;
      if (full > target && !isLast) continue;
      const height = Math.min(full, target * 1.25);
      rows.push({top, height, first, end: place + 1});
      top += height + GAP;
      [first, sum] = [place + 1, 0];
    }
    grid.style.setProperty("height", `${Math.max(0, top - GAP)}px`);
    for (const tile of tiles.values()) tile.remove();
    tiles.clear();
    draw();
  }

  function draw() {
    pending = 0;
    const offset = grid.getBoundingClientRect().top;
    const from = -offset - innerHeight,
      to = -offset + 2 * innerHeight;
    let low = 0,
      high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].top + rows[middle].height < from) low = middle + 1;
      else high = middle;
    }
    const wanted = new Map();
    for (let at = low; at < rows.length && rows[at].top < to; at++) {
      const row = rows[at];
      let left = 0;
      for (let place = row.first; place < row.end; place++) {
        const wide = shape(items[place]) * row.height;
        wanted.set(place, [left, row.top, wide, row.height]);
        left += wide + GAP;
      }
    }
    for (const [place, tile] of tiles)
      if (!wanted.has(place)) {
        tile.remove();
        tiles.delete(place);
      }
    for (const [place, box] of [...wanted].sort(([a], [b]) => a - b)) {
      if (tiles.has(place)) continue;
      const tile = h(
        "div",
        {
          class: "tile",
          role: "listitem",
          "aria-setsize": items.length,
          "aria-posinset": place + 1,
          style: {left: `${box[0]}px`, top: `${box[1]}px`, width: `${box[2]}px`, height: `${box[3]}px`},
        },
        makeTile(items[place], view, site),
      );
      tiles.set(place, tile);
      // In the order of the list, for those who go through it with the tabulator.
      let after = null;
      for (const [other, element] of tiles)
        if (other > place && element !== tile && element.isConnected && (after === null || other < after[0]))
          after = [other, element];
      grid.insertBefore(tile, after?.[1] ?? null);
    }
  }

  const soon = () => {
    pending ||= requestAnimationFrame(draw);
  };
  const onResize = () => {
    if (grid.clientWidth !== width) lay();
  };
  addEventListener("scroll", soon, {passive: true});
  addEventListener("resize", onResize);
  lay();
  scrollTo(0, scrolled.get(here) ?? 0);
  return () => {
    scrolled.set(here, scrollY);
    cancelAnimationFrame(pending);
    removeEventListener("scroll", soon);
    removeEventListener("resize", onResize);
  };
}

function photographTile(image, view, site) {
  const {id, width, height} = site.index.arrays;
  const number = id[image];
  const label = h("span", {class: "tile-title", "aria-hidden": "true"});
  const picture = h("img", {src: data.thumbnail(number), alt: t("photograph", String(number)), draggable: "false"});
  const drawing = svg("svg", {
    class: "masks",
    viewBox: `0 0 ${width[image]} ${height[image]}`,
    preserveAspectRatio: "xMidYMid slice",
    "aria-hidden": "true",
  });
  const chosen = view.filters.get("category");
  const isShown = (object) => object.status !== "rejected" || showsRejected(view.filters);
  const loaded = new Promise((resolve) => {
    picture.onload = picture.onerror = resolve;
  }); // pictures come first
  loaded
    .then(() => data.tile(number, () => drawing.isConnected))
    .then(
      (tile) => {
        const {text, language} = titleOf(tile.titles);
        if (text) {
          picture.alt = text;
          label.textContent = text;
          if (language) label.lang = language;
        }
        drawing.append(
          svg(
            "g",
            {transform: `scale(${tile.step})`},
            tile.objects.filter(isShown).map((object) => mask(object, site, chosen)),
          ),
        );
      },
      () => {},
    );
  return h(
    "a",
    {href: writeAddress({...view, page: "image", id: number}), "data-image": number},
    picture,
    drawing,
    label,
  );
}

function mask(object, site, chosen) {
  const isFaint = chosen && !chosen.some((word) => isUnder(object.category, word, site));
  return svg("path", {
    d: object.path,
    "fill-rule": "evenodd",
    class: `mask ${object.status}${isFaint ? " faint" : ""}`,
    style: {"--color": site.colors.get(object.category) ?? "#888"},
  });
}

const isUnder = (word, above, site) =>
  (site.index.above[site.index.codes.get(word)] ?? []).includes(site.index.codes.get(above));

// A single mask, as large as its tile.
function maskTile(annotation, view, site) {
  const index = site.index;
  const image = index.imageOf(annotation);
  const {id, width, height} = index.arrays;
  const number = id[image];
  const category = index.word("annotations.category", annotation);
  const score = index.arrays["annotations.score"][annotation];
  const {text, language} = name("category", category);
  const drawing = svg("svg", {class: "masks", "aria-hidden": "true"});
  Promise.resolve()
    .then(() => data.tile(number, () => drawing.isConnected))
    .then(
      (tile) => {
        const object = tile.objects.find((one) => one.place === annotation - index.arrays["annotations.start"][image]);
        if (!object) return;
        const [left, top, wide, high] = object.box.map((value) => value * tile.step);
        const side = Math.max(wide, high, 24) * 1.25;
        drawing.setAttribute("viewBox", `${left + wide / 2 - side / 2} ${top + high / 2 - side / 2} ${side} ${side}`);
        drawing.append(
          svg("image", {
            href: data.thumbnail(number),
            width: width[image],
            height: height[image],
            preserveAspectRatio: "none",
          }),
          svg("g", {transform: `scale(${tile.step})`}, mask(object, site, null)),
        );
      },
      () => {},
    );
  return h(
    "a",
    {
      href: writeAddress({
        ...view,
        page: "image",
        id: number,
        show: String(annotation - index.arrays["annotations.start"][image]),
      }),
      class: "mask-tile",
      "data-image": number,
    },
    drawing,
    h(
      "span",
      {class: "tile-title shown"},
      h("span", inLanguage(language), text),
      score === score ? ` ${percent(score)}` : "",
    ),
  );
}

// A title in the language of the names, else of the interface, else any.
export function titleOf(titles) {
  for (const language of [settings.names, settings.interface, "en", ...Object.keys(titles)])
    if (titles[language]) return {text: titles[language], language};
  return {text: "", language: ""};
}
