// The charts' colours, the same as in portal.css, and their tooltips: DOM nodes, since the page allows no inline style.
export const ink = {
  text: "#1d2326",
  quiet: "#596166",
  hair: "#d9d6cd",
  faint: "#eae7df",
  main: "#0b5563",
  second: "#b3621b",
  up: "#1f6b57",
  down: "#a63d2b",
  paper: "#faf9f6",
};

export function tip(title, rows) {
  const box = document.createElement("div");
  box.className = "tip";
  const head = document.createElement("strong");
  head.textContent = title;
  box.append(head);
  for (const [name, value] of rows) {
    const line = document.createElement("span");
    line.textContent = name ? `${name}  ${value}` : value;
    box.append(line);
  }
  return box;
}

export const tooltip = {
  className: "tip-frame",
  borderWidth: 0,
  padding: 0,
  confine: true,
  transitionDuration: 0,
  backgroundColor: ink.text,
};
