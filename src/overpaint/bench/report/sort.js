"use strict";
// Tables that are sorted by a click on a title; rows of a fixed body stay where they are.
const orders = { ascending: 1, descending: -1 };

function compared(a, b, sign) {
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
  const numbers = [Number(a), Number(b)];
  const apart = numbers.some(Number.isNaN) ? a.localeCompare(b) : numbers[0] - numbers[1];
  return sign * apart;
}

function sort(title, button) {
  const row = title.parentElement;
  const turned = { ascending: "descending", descending: "ascending" };
  const order = turned[title.getAttribute("aria-sort")] ?? button.dataset.first;
  for (const other of row.cells) other.removeAttribute("aria-sort");
  title.setAttribute("aria-sort", order);
  const value = (line) => line.cells[title.cellIndex].dataset.value;
  for (const body of title.closest("table").querySelectorAll("tbody:not(.fixed)")) {
    const lines = [...body.rows];
    lines.sort((a, b) => compared(value(a), value(b), orders[order]));
    body.append(...lines);
  }
}

for (const button of document.querySelectorAll("table.sortable thead button")) {
  button.addEventListener("click", () => sort(button.closest("th"), button));
}
