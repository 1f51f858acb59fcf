// The columns of all photographs and records (see columns.py), and what is filtered, counted and sorted with them.
//
// Choices within a facet are alternatives. Facets of records (category, status …) must be met by the same record. Beside
// each choice stands the number of photographs there would be with it, all other facets being as they are.

const TYPES = {f8: Float64Array, f4: Float32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array};

const SIZES = ["small", "medium", "large"]; // COCO's: below 32² and 96² pixels

// Rejected masks are out of sight unless someone asks for them.
export const showsRejected = (filters) => Boolean(filters.get("status")?.length || filters.get("fate")?.length);

export class Index {
  constructor(buffer, ontology) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    this.words = header.words;
    this.arrays = {};
    for (const [name, [type, offset, count]] of Object.entries(header.arrays)) {
      const array = new TYPES[type](buffer, 4 + length + offset, count);
      // One type for all codes: JavaScript reads them faster so.
      this.arrays[name] = type === "u1" ? Uint16Array.from(array) : array;
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
    this.sizes = Uint16Array.from(this.arrays["annotations.area"], (area) => (area < 1024 ? 0 : area < 9216 ? 1 : 2));
  }

  place(id) {
    const ids = this.arrays.id;
    let low = 0,
      high = ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    return ids[low] === id ? low : -1;
  }

  // The facets that this source has: name → {of, codes, words}. `of` says what a code belongs to.
  get facets() {
    const has = (name, of, array = name) =>
      this.arrays[array] && {name, of, codes: this.arrays[array], words: this.words[array]};
    return [
      {name: "domain", of: "image", codes: null, words: this.domains},
      has("subdomain", "image"),
      {
        name: "category",
        of: "annotations",
        codes: this.arrays["annotations.category"],
        words: this.words["annotations.category"],
      },
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
    const facets = this.facets.map((facet) => ({
      ...facet,
      wanted: this.#chosen(facet, filters.get(facet.name)),
      counts: new Uint32Array(facet.words.length),
      seen: new Int32Array(facet.words.length).fill(-1), // the last photograph that was counted
    }));
    const named = Object.fromEntries(facets.map((facet) => [facet.name, facet]));
    const {domain, subdomain, category} = named;
    const ofImage = facets.filter((facet) => facet.of === "image" && facet !== domain && facet !== subdomain);
    const ofLists = facets
      .filter((facet) => facet.of === "captions" || facet.of === "interactions")
      .map((facet) => ({facet, start: this.arrays[`${facet.of}.start`]}));
    const ofMasks = facets.filter((facet) => facet.of === "annotations");
    const isAsked = ofMasks.some((facet) => facet.wanted);
    if (!showsRejected(filters)) {
      const {status} = named;
      status.wanted = this.#chosen(
        status,
        status.words.filter((word) => word !== "rejected"),
      );
    }
    const start = this.arrays["annotations.start"];
    const images = new Uint32Array(this.count),
      annotations = new Uint32Array(start[this.count]);
    let imageCount = 0,
      annotationCount = 0;

    const count = (facet, code, image) => {
      if (code < facet.counts.length && facet.seen[code] !== image) {
        facet.seen[code] = image;
        facet.counts[code]++;
      }
    };
    // Which facet of masks each mask of a photograph fails: none, one by its number, or several.
    const MEETS = 255,
      SEVERAL = 254;
    const fails = new Uint8Array(start[this.count]).fill(MEETS);
    for (const [number, {wanted, codes}] of ofMasks.entries())
      if (wanted)
        for (let at = 0; at < fails.length; at++)
          if (wanted[codes[at]] !== 1) fails[at] = fails[at] === MEETS ? number : SEVERAL;
    // A facet counts masks that fail nothing else; a loop each, because short loops over one array are fast.
    const countMasks = (image) => {
      const first = start[image],
        end = start[image + 1];
      for (let number = 0; number < ofMasks.length; number++) {
        const facet = ofMasks[number],
          {codes, seen} = facet;
        for (let at = first; at < end; at++) {
          if ((fails[at] !== MEETS && fails[at] !== number) || seen[codes[at]] === image) continue;
          if (facet === category) for (const above of this.above[codes[at]] ?? []) count(facet, above, image);
          else count(facet, codes[at], image);
        }
      }
    };

    // What the photograph itself fails: nothing, one facet (which may still count its other choices), or more.
    let failed, only;
    const fail = (facet) => {
      failed++;
      only = facet;
    };
    for (let image = 0; image < this.count; image++) {
      failed = 0;
      const theme = subdomain.codes[image],
        domainOf = this.domainOf[theme] ?? -1;
      if ((domain.wanted || subdomain.wanted) && !domain.wanted?.[domainOf] && !subdomain.wanted?.[theme]) fail(domain);
      for (const facet of ofImage) if (facet.wanted && !facet.wanted[facet.codes[image]]) fail(facet);
      for (const {facet, start} of ofLists) {
        if (!facet.wanted) continue;
        let meets = false;
        for (let at = start[image]; at < start[image + 1] && !meets; at++) meets = facet.wanted[facet.codes[at]] === 1;
        if (!meets) fail(facet);
      }
      if (failed > 1) continue;

      let meets = !isAsked;
      for (let at = start[image]; at < start[image + 1]; at++) {
        if (fails[at] !== MEETS) continue;
        meets = true;
        if (failed === 0) annotations[annotationCount++] = at;
      }
      if (failed === 0) countMasks(image);
      if (!meets) continue;
      if (failed === 0) images[imageCount++] = image;
      if (failed === 0 || only === domain) {
        count(subdomain, theme, image);
        if (domainOf >= 0) count(domain, domainOf, image);
      }
      for (const facet of ofImage) if (failed === 0 || only === facet) count(facet, facet.codes[image], image);
      for (const {facet, start} of ofLists) {
        if (failed && only !== facet) continue;
        for (let at = start[image]; at < start[image + 1]; at++) count(facet, facet.codes[at], image);
      }
    }
    const counts = Object.fromEntries(facets.map((facet) => [facet.name, facet.counts]));
    return {images: images.slice(0, imageCount), annotations: annotations.slice(0, annotationCount), counts};
  }

  // Code → 1 for what is chosen, with all below a category; null where nothing is.
  #chosen(facet, values) {
    if (!values?.length) return null;
    const codes = new Set(values.map((value) => facet.words.indexOf(value)));
    const found = new Uint8Array(65536);
    if (facet.name === "category")
      this.above.forEach((above, code) => {
        if (above.some((one) => codes.has(one))) found[code] = 1;
      });
    else for (const code of codes) if (code >= 0) found[code] = 1;
    return found;
  }

  // Ways to sort photographs: name → value of an image; smaller comes first.
  get sorts() {
    const {width, height, quality} = this.arrays;
    const start = this.arrays["annotations.start"],
      scores = this.arrays["annotations.score"],
      areas = this.arrays["annotations.area"];
    const statuses = this.arrays["annotations.status"],
      rejected = this.words["annotations.status"].indexOf("rejected");
    const fold = (initial, value) => (image) => {
      let found = initial;
      for (let at = start[image]; at < start[image + 1]; at++) if (statuses[at] !== rejected) found = value(found, at);
      return found;
    };
    const least = (values, sign) =>
      fold(Infinity, (found, at) => (sign * values[at] < found ? sign * values[at] : found));
    return {
      "": (image) => image,
      objects: fold(0, (found) => found - 1), // the most masks come first
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
    const values =
      sort === "score"
        ? this.arrays["annotations.score"]
        : sort === "object"
          ? this.arrays["annotations.area"].map((area) => -area)
          : null;
    if (!values) return annotations;
    const order = (at) => (values[at] === values[at] ? values[at] : Infinity);
    return annotations.slice().sort((a, b) => order(a) - order(b) || a - b);
  }

  imageOf(annotation) {
    const start = this.arrays["annotations.start"];
    let low = 0,
      high = this.count;
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
