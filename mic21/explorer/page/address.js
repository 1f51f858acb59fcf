// The view as an address, `#/images?category=violin&split=train`: whoever gets it sees the same.

export const FILTERS = [
  "domain",
  "subdomain",
  "category",
  "predicate",
  "split",
  "status",
  "origin",
  "fate",
  "size",
  "license",
  "language",
];

// {page: "image", id: "12", filters: Map(name → [values]), sort, show}
export function readAddress(hash = location.hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decode);
  const parameters = new URLSearchParams(query ?? "");
  const filters = new Map();
  for (const name of FILTERS) {
    const values = parameters.getAll(name);
    if (values.length) filters.set(name, values);
  }
  return {
    page: page || "images",
    id: rest.join("/"),
    filters,
    sort: parameters.get("sort") ?? "",
    show: parameters.get("show") ?? "",
  };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function writeAddress({page = "images", id = "", filters = new Map(), sort = "", show = ""}) {
  const parameters = new URLSearchParams();
  for (const name of FILTERS) for (const value of filters.get(name) ?? []) parameters.append(name, value);
  if (sort) parameters.set("sort", sort);
  if (show) parameters.set("show", show);
  const query = parameters.toString();
  return `#/${page}${id === "" ? "" : "/" + encodeURIComponent(id)}${query ? "?" + query : ""}`;
}

// The view with a choice of a facet added, or taken away.
export function toggled(view, name, value) {
  const filters = new Map(view.filters);
  const chosen = filters.get(name) ?? [];
  const left = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
  if (left.length) filters.set(name, left);
  else filters.delete(name);
  return {...view, filters};
}
