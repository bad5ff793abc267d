// On a narrow screen a row of a table is a card, each cell under the name of its column; the style sheet does it, with
// what stands here. Without scripts a wide table scrolls sideways.
const LEAST_COLUMNS = 3;

// What a column is called; "" where only a screen reader is told.
function name(head) {
  return head.querySelector(".hidden") ? "" : head.textContent.trim();
}

function label(cell, text) {
  if (text) cell.dataset.label = text;
  // Text and elements of a cell stay together beside its label.
  const whole = document.createElement("span");
  whole.append(...cell.childNodes);
  cell.append(whole);
}

export function stack(root) {
  for (const table of root.querySelectorAll(".scroll table:not(.cards, .stacks)")) {
    const heads = table.tHead?.rows.length === 1 ? [...table.tHead.rows[0].cells] : [];
    if (heads.length < LEAST_COLUMNS) continue;
    table.classList.add("stacks");
    for (const row of [...table.tBodies].flatMap((body) => [...body.rows])) {
      let column = 0;
      for (const cell of row.cells) {
        // The first cell that names the row is the card's title.
        if (cell.tagName === "TD" || column) label(cell, cell.colSpan === 1 && heads[column] ? name(heads[column]) : "");
        column += cell.colSpan;
      }
    }
  }
}
