// The columns of all photographs and records (see columns.py), and what is filtered, counted and sorted with them.
//
// Choices within a facet are alternatives. Facets of records (category, status …) must be met by the same record. Beside
// each choice stands the number of photographs there would be with it, all other facets being as they are.

const TYPES = {f8: Float64Array, f4: Float32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array};

const SIZES = ["small", "medium", "large"]; // COCO's: below 32² and 96² pixels

export class Index {
  constructor(buffer, ontology) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    this.words = header.words;
    this.arrays = {};
    for (const [name, [type, offset, count]] of Object.entries(header.arrays)) {
      this.arrays[name] = new TYPES[type](buffer, 4 + length + offset, count);
    }
    this.count = this.arrays.id.length;
    this.#relate(ontology);
    this.images = Uint32Array.from({length: this.count}, (_, place) => place);
  }

  // Code of a category → codes of all that it is below, and itself; and the sizes of the masks.
  #relate(ontology) {
    const words = this.words["annotations.category"];
    this.codes = new Map(words.map((word, code) => [word, code]));
    const parents = new Map(ontology.categories.map((one) => [one.key, one.parents]));
    const above = (key, seen) => {
      for (const parent of parents.get(key) ?? []) if (!seen.has(parent)) above(parent, seen.add(parent));
      return seen;
    };
    this.above = words.map((word) => [...above(word, new Set([word]))].map((key) => this.codes.get(key)));
    const themes = new Map(ontology.subdomains.map((one) => [one.key, one.domain]));
    this.domains = ontology.domains;
    this.domainOf = this.words.subdomain.map((key) => this.domains.indexOf(themes.get(key)));
    this.sizes = Uint8Array.from(this.arrays["annotations.area"], (area) => (area < 1024 ? 0 : area < 9216 ? 1 : 2));
  }

  place(id) {
    const ids = this.arrays.id;
    let low = 0, high = ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    return ids[low] === id ? low : -1;
  }

  // The facets that this source has: name → {of, codes, words}. `of` says what a code belongs to.
  get facets() {
    const has = (name, of, array = name) => this.arrays[array] && {name, of, codes: this.arrays[array], words: this.words[array]};
    return [
      {name: "domain", of: "image", codes: null, words: this.domains},
      has("subdomain", "image"),
      {name: "category", of: "annotations", codes: this.arrays["annotations.category"], words: this.words["annotations.category"]},
      has("predicate", "interactions", "interactions.predicate"),
      has("split", "image"),
      has("status", "annotations", "annotations.status"),
      has("origin", "annotations", "annotations.origin"),
      has("fate", "annotations", "annotations.fate"),
      {name: "size", of: "annotations", codes: this.sizes, words: SIZES},
      has("license", "image"),
      has("language", "captions", "captions.language"),
    ].filter(Boolean);
  }

  // {images: places of the photographs, annotations: places of the masks, counts: facet → word → photographs}
  filter(filters) {
    const facets = this.facets;
    const chosen = Object.fromEntries(facets.map((facet) => [facet.name, this.#chosen(facet, filters.get(facet.name))]));
    const counts = Object.fromEntries(facets.map((facet) => [facet.name, new Uint32Array(facet.words.length)]));
    const seen = Object.fromEntries(facets.map((facet) => [facet.name, new Int32Array(facet.words.length).fill(-1)]));
    const ofImage = facets.filter((facet) => facet.of === "image");
    const ofLists = ["captions", "interactions"].map((of) => facets.filter((facet) => facet.of === of)).filter((some) => some.length).map(([facet]) => ({facet, start: this.arrays[`${facet.of}.start`]}));
    const ofMasks = facets.filter((facet) => facet.of === "annotations");
    const asksMasks = ofMasks.some((facet) => chosen[facet.name]);
    const start = this.arrays["annotations.start"];
    const subdomains = this.arrays.subdomain;
    const images = [], annotations = [];

    const count = (facet, code, image) => {
      if (code < counts[facet].length && seen[facet][code] !== image) {
        seen[facet][code] = image;
        counts[facet][code]++;
      }
    };

    for (let image = 0; image < this.count; image++) {
      // What the photograph itself fails: none, one facet (which may still count its other choices), or more.
      let failed = 0, only = "";
      const fail = (facet) => { failed++; only = facet; };
      const domain = this.domainOf[subdomains[image]] ?? -1;
      const theme = chosen.domain || chosen.subdomain;
      if (theme && !chosen.domain?.[domain] && !chosen.subdomain?.[subdomains[image]]) fail("theme");
      for (const {name, codes} of ofImage) {
        if (name === "domain" || name === "subdomain" || !chosen[name]) continue;
        if (!chosen[name][codes[image]]) fail(name);
      }
      for (const {facet, start} of ofLists) {
        if (!chosen[facet.name]) continue;
        let meets = false;
        for (let at = start[image]; at < start[image + 1] && !meets; at++) meets = chosen[facet.name][facet.codes[at]] === 1;
        if (!meets) fail(facet.name);
      }
      if (failed > 1) continue;

      let meets = !asksMasks;
      for (let at = start[image]; at < start[image + 1]; at++) {
        let missed = 0, missedOnly = -1;
        for (let number = 0; number < ofMasks.length; number++) {
          const wanted = chosen[ofMasks[number].name];
          if (wanted && !wanted[ofMasks[number].codes[at]]) { missed++; missedOnly = number; }
        }
        if (missed === 0) {
          meets = true;
          if (failed === 0) annotations.push(at);
        }
        if (failed || missed > 1) continue;
        for (let number = 0; number < ofMasks.length; number++) {
          if (missed === 1 && missedOnly !== number) continue;
          const {name, codes} = ofMasks[number];
          if (name === "category") for (const code of this.above[codes[at]] ?? []) count(name, code, image);
          else count(name, codes[at], image);
        }
      }
      if (!meets) continue;
      if (failed === 0) images.push(image);
      for (const {name, codes} of ofImage) {
        if (failed && only !== (name === "domain" || name === "subdomain" ? "theme" : name)) continue;
        count(name, name === "domain" ? (domain < 0 ? 255 : domain) : codes[image], image);
      }
      for (const {facet, start} of ofLists) {
        if (failed && only !== facet.name) continue;
        for (let at = start[image]; at < start[image + 1]; at++) count(facet.name, facet.codes[at], image);
      }
    }
    return {images: Uint32Array.from(images), annotations: Uint32Array.from(annotations), counts};
  }

  // Code → 1 for what is chosen, with all below a category; null where nothing is.
  #chosen(facet, values) {
    if (!values?.length) return null;
    const codes = new Set(values.map((value) => facet.words.indexOf(value)));
    const found = new Uint8Array(65536);
    if (facet.name === "category") this.above.forEach((above, code) => { if (above.some((one) => codes.has(one))) found[code] = 1; });
    else for (const code of codes) if (code >= 0) found[code] = 1;
    return found;
  }

  // Ways to sort photographs: name → value of an image; smaller comes first.
  get sorts() {
    const {width, height, quality} = this.arrays;
    const start = this.arrays["annotations.start"], scores = this.arrays["annotations.score"], areas = this.arrays["annotations.area"];
    const least = (values, sign) => (image) => {
      let found = Infinity;
      for (let at = start[image]; at < start[image + 1]; at++) if (sign * values[at] < found) found = sign * values[at];
      return found;
    };
    return {
      "": (image) => image,
      objects: (image) => start[image] - start[image + 1],
      ...(scores.some((score) => score === score) ? {score: least(scores, 1)} : {}),
      ...(quality ? {quality: (image) => (quality[image] === quality[image] ? quality[image] : Infinity)} : {}),
      largest: (image) => -width[image] * height[image],
      smallest: (image) => width[image] * height[image],
      object: least(areas, -1),
    };
  }

  sorted(images, sort) {
    const value = this.sorts[sort] ?? this.sorts[""];
    if (!sort) return images;
    const values = new Float64Array(this.count);
    for (const image of images) values[image] = value(image);
    return images.slice().sort((a, b) => values[a] - values[b] || a - b);
  }

  sortedMasks(annotations, sort) {
    const values = sort === "score" ? this.arrays["annotations.score"] : sort === "object" ? this.arrays["annotations.area"].map((area) => -area) : null;
    if (!values) return annotations;
    const order = (at) => (values[at] === values[at] ? values[at] : Infinity);
    return annotations.slice().sort((a, b) => order(a) - order(b) || a - b);
  }

  imageOf(annotation) {
    const start = this.arrays["annotations.start"];
    let low = 0, high = this.count;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (start[middle] <= annotation) low = middle;
      else high = middle;
    }
    return low;
  }

  word(array, place) {
    return this.words[array][this.arrays[array][place]] ?? null;
  }
}
