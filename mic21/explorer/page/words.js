// The words of the page in English and Bulgarian (texts.tsv), and the names of things in any of the 25 languages.

import * as data from "./data.js";

const INTERFACES = ["en", "bg"];
let table = new Map();
let namesOf = {domain: {}, subdomain: {}, category: {}, predicate: {}};
let english = namesOf;
let imports = new Map();

export const settings = {interface: "en", names: "en"};

export async function loadWords(languages) {
  const wished = (navigator.language || "en").slice(0, 2);
  settings.interface = stored("interface", INTERFACES) ?? (INTERFACES.includes(wished) ? wished : "en");
  settings.names = stored("names", languages) ?? (languages.includes(wished) ? wished : "en");
  const [texts] = await Promise.all([data.texts(), loadNames()]);
  const lines = texts
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  table = new Map(lines.map(([key, ...texts]) => [key, texts]));
}

async function loadNames() {
  [english, namesOf] = await Promise.all([data.names("en"), data.names(settings.names)]);
}

export async function choose(setting, value) {
  settings[setting] = value;
  try {
    localStorage.setItem(`mic21-${setting}`, value);
  } catch {} // a browser may keep nothing
  if (setting === "names") await loadNames();
}

export function stored(setting, allowed) {
  try {
    const found = localStorage.getItem(`mic21-${setting}`);
    return allowed.includes(found) ? found : null;
  } catch {
    return null;
  }
}

// t("photographs", 3): the text of a key, with {} filled in. Of a text with |, the first part is for one.
export function t(key, ...values) {
  const texts = table.get(key);
  if (!texts) return key;
  let text = texts[INTERFACES.indexOf(settings.interface)] || texts[0];
  if (text.includes("|")) {
    const [one, many] = text.split("|");
    text = values[0] === 1 ? one : many;
  }
  for (const value of values) text = text.replace("{}", typeof value === "number" ? number(value) : value);
  return text;
}

const formats = new Map(); // made once: making one takes longer than a hundred numbers

function format(options) {
  const key = settings.interface + options.style;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(settings.interface, options));
  return formats.get(key);
}

export const number = (value) => format({style: "decimal", maximumFractionDigits: 0}).format(value);
export const percent = (value) => format({style: "percent"}).format(value);

export function languageName(tag, inLanguage = settings.interface) {
  try {
    return new Intl.DisplayNames([inLanguage], {type: "language"}).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export function nameImports(found) {
  imports = new Map(found.map((one) => [one.key, one.name]));
}

// The name of a thing in the chosen language; else in English, marked as English; else its key.
export function name(kind, key) {
  const found = namesOf[kind][key];
  if (found) return {text: found, language: settings.names};
  if (imports.has(key)) return {text: imports.get(key), language: ""};
  return english[kind][key]
    ? {text: english[kind][key], language: "en"}
    : {text: key.replaceAll("_", " "), language: ""};
}

export const nameText = (kind, key) => name(kind, key).text;
export const allNames = (kind) => namesOf[kind];

// A text in a language, for a screen reader: attributes for an element.
export const inLanguage = (language) => (language && language !== settings.interface ? {lang: language} : {});
