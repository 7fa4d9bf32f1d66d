"use strict";
// Shows the rows that have all words of the search, and only those that are not green if asked.
const words = document.querySelector("#words");
const red = document.querySelector("#red");
const shown = document.querySelector("#shown");
const rows = [...document.querySelectorAll("[data-words]")];
function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const text = row.dataset.words;
    row.hidden = !wanted.every((word) => text.includes(word)) || (red.checked && row.dataset.green === "1");
    count += row.hidden ? 0 : 1;
  }
  shown.textContent = `${count} of ${rows.length} rows`;
}
function open_target() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
}
words.addEventListener("input", filter);
red.addEventListener("change", filter);
addEventListener("hashchange", open_target);
filter();
open_target();
