"use strict";
// The page is whole without this: it only finds, filters, sorts, and opens what a link points at.
(() => {
  const grid = document.getElementById("grid");
  const body = grid.tBodies[0];
  const rows = Array.from(body.rows).filter((row) => row.dataset.m !== undefined);
  const heads = Array.from(grid.tHead.rows[0].cells);
  const controls = document.getElementById("controls");
  const [find, show, failing, count] = ["find", "show", "row", "count"].map((id) => document.getElementById(id));
  const first = heads.length - 9;
  const step = 500;  // what a browser lays out at a stroke
  const more = document.getElementById("more");
  let order;
  let most = step;
  const verdicts = ["f", "e", "u", "n", "p"];
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const section = (row) => {
    const link = row.cells[0].querySelector("a");
    return link ? document.getElementById(link.hash.slice(1)) : null;
  };
  const known = rows.map((row, place) => ({
    row,
    place,
    section: section(row),
    marks: row.dataset.m.split(" "),
    text: `${row.cells[0].textContent} ${row.dataset.w || ""}`.toLowerCase(),
  }));

  const fits = (host, words) => {
    const fails = failing.value === "" || host.row.cells[first + Number(failing.value)].className[0] === "f";
    return fails && (show.value === "" || host.marks.includes(show.value)) && words.every((word) => host.text.includes(word));
  };
  const apply = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const host of order) {
      const hidden = !fits(host, words) || ++found > most;
      host.row.hidden = hidden;
      if (host.section) host.section.hidden = hidden;
    }
    const shown = Math.min(found, most);
    count.textContent = `${shown} of ${known.length} hosts shown` + (shown < found ? `, ${found - shown} more fit` : "");
    more.hidden = shown === found;
  };
  const filter = () => {
    most = step;
    apply();
  };

  const heat = (cell) => {
    const kind = cell.className;
    const fault = kind[0] === "f" ? 3 - Number(kind.slice(-1)) : 0;
    return verdicts.indexOf(kind[0]) * 4 + fault;
  };
  const key = (column) => {
    if (column >= first) return (host) => heat(host.row.cells[column]);
    if (column === 2) return (host) => parseFloat(host.row.cells[2].textContent);
    if (column === 3) return (host) => {
      const told = host.row.cells[column].textContent.replace("−", "-").match(/[+-]?\d+(\.\d+)?/);
      return told ? parseFloat(told[0]) : 1000;
    };
    return (host) => host.row.cells[column].firstChild.textContent.trim();
  };
  const place = (hosts) => {
    const lines = document.createDocumentFragment();
    for (const host of hosts) lines.append(host.row);
    body.append(lines);
    order = hosts;
    filter();
  };
  const sort = (column) => {
    const up = heads[column].getAttribute("aria-sort") !== "ascending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
    const keyed = known.map((host) => [key(column)(host), host]);
    keyed.sort(([a, one], [b, two]) => {
      const order = typeof a === "number" ? a - b : compare(a, b);
      return (up ? order : -order) || one.place - two.place;
    });
    place(keyed.map(([, host]) => host));
  };

  const reveal = () => {
    const aim = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!aim) return;
    for (let each = aim; each; each = each.parentElement) {
      if (each.localName === "details") each.open = true;
      if (each.hidden) each.hidden = false;
    }
    aim.scrollIntoView();
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort by this";
    button.append(...Array.from(head.childNodes).filter((node) => node.nodeType === Node.TEXT_NODE));
    head.prepend(button);
    button.addEventListener("click", () => sort(column));
  });
  controls.hidden = false;
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("reset", () => setTimeout(() => {
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    place(known);
  }));
  more.addEventListener("click", () => {
    most += step;
    apply();
  });
  [find, show, failing].forEach((each) => each.addEventListener("input", filter));
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    most = Infinity;
    apply();
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
  });
  order = known;
  filter();
  reveal();
})();
