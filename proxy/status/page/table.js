// Tables whose rows are changed in place. On a narrow screen a row is a card, so each cell has
// the name of its column; the roles are said because a card is no table row to every browser.
import { el, reconcile, setAttribute } from "./dom.js";

// table returns a function that shows a list in a table: columns fill the cells of a row, in
// their order, and the first one is the row's header.
export function table(node, columns, keyOf) {
  const [head] = node.tHead.rows;
  const names = [...head.cells].map((cell) => cell.textContent);
  const body = node.tBodies[0];
  setAttribute(node, "role", "table");
  for (const group of [node.tHead, body]) setAttribute(group, "role", "rowgroup");
  setAttribute(head, "role", "row");
  for (const cell of head.cells) setAttribute(cell, "role", "columnheader");

  function make() {
    const row = el("tr", "");
    row.setAttribute("role", "row");
    names.forEach((name, i) => {
      const cell = el(i === 0 ? "th" : "td", head.cells[i].className, ...(columns[i].make?.() ?? []));
      cell.setAttribute("role", i === 0 ? "rowheader" : "cell");
      if (i === 0) cell.scope = "row";
      cell.dataset.name = name;
      row.append(cell);
    });
    return row;
  }

  return (list) => {
    reconcile(body, list, keyOf, make, (row, item) => columns.forEach((column, i) => column.fill(row.cells[i], item, row)));
  };
}
