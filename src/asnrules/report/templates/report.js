"use strict";
(() => {
  const field = document.getElementById("words");
  const found = document.getElementById("found");
  const items = [...document.querySelectorAll("[data-item]")].map((element) => ({
    element, kind: element.dataset.item, text: element.textContent.toLowerCase(),
  }));
  const groups = [...document.querySelectorAll("details.rule")];
  const everything = [...document.querySelectorAll("details")];
  let before = null;

  const remember = () => { before ??= new Map(groups.map((one) => [one, one.open])); };
  const restore = () => {
    before?.forEach((open, one) => { one.open = open; one.hidden = false; });
    before = null;
  };

  const search = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = {};
    for (const { element, kind, text } of items) {
      const matches = words.every((word) => text.includes(word));
      element.hidden = !matches;
      counts[kind] ??= [0, 0];
      counts[kind][0] += matches;
      counts[kind][1] += 1;
    }
    if (words.length === 0) {
      restore();
      found.textContent = "";
      return;
    }
    remember();
    for (const group of groups) {
      const some = group.querySelector("[data-item]:not([hidden])") !== null;
      group.hidden = !some;
      group.open = some;
    }
    found.textContent = Object.entries(counts)
      .map(([kind, [some, all]]) => `${some} of ${all} ${kind}`).join(", ");
  };

  field.addEventListener("input", search);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== field) {
      event.preventDefault();
      field.focus();
    } else if (event.key === "Escape" && document.activeElement === field) {
      field.value = "";
      search();
    }
  });
  const setAll = (open) => { for (const one of everything) one.open = open; };
  document.getElementById("open").addEventListener("click", () => setAll(true));
  document.getElementById("close").addEventListener("click", () => setAll(false));

  // Paper has a line for each association; of those that are opened, everything.
  let printed = null;
  addEventListener("beforeprint", () => {
    printed = groups.map((one) => one.open);
    for (const one of groups) one.open = true;
  });
  addEventListener("afterprint", () => {
    groups.forEach((one, place) => { one.open = printed[place]; });
  });

  // A search can be bookmarked: report.html#search=background
  const wanted = new URLSearchParams(location.hash.slice(1)).get("search");
  document.getElementById("search").hidden = false;
  if (wanted) {
    field.value = wanted;
    search();
  }
})();
