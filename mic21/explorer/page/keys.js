// The list of keys.

import {h} from "./dom.js";
import {t} from "./words.js";

const KEYS = [
  ["/", "key_search"],
  ["← →", "key_next"],
  ["m", "key_masks"],
  ["n", "key_names"],
  ["i", "key_arrows"],
  ["+ − 0", "key_zoom"],
  ["Esc", "key_back"],
  ["?", "help"],
];

export function showHelp() {
  const dialog = h(
    "dialog",
    {"aria-labelledby": "keys-title"},
    h("h2", {id: "keys-title"}, t("help")),
    h(
      "dl",
      {class: "keys"},
      KEYS.map(([keys, text]) => [
        h(
          "dt",
          {},
          keys.split(" ").map((key) => h("kbd", {}, key)),
        ),
        h("dd", {}, t(text)),
      ]),
    ),
    h("button", {type: "button", onclick: () => dialog.close()}, t("close")),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
