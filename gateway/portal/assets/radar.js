// Eight axes. A dimension without data has a dashed axis, no mark and no share in the outline: it is not a zero.
import { ink, tip, tooltip } from "./ink.js";

const RINGS = [25, 50, 75, 100];
const LABEL = 72;
const LETTERS = 13;

// A name of several words breaks where the line would leave the label's room; a Chinese name is one short word.
function lines(name) {
  return name.split(" ").reduce((text, word) => {
    const line = text.slice(text.lastIndexOf("\n") + 1);
    return line.length + word.length < LETTERS ? `${text} ${word}` : `${text}\n${word}`;
  });
}

export const radar = {
  option(data, width, height, font) {
    const count = data.axes.length;
    const middle = [width / 2, height / 2];
    const radius = Math.max(Math.min(width / 2 - LABEL - 14, height / 2 - 54), 40);
    const at = (index, value) => {
      const angle = (2 * Math.PI * index) / count - Math.PI / 2;
      const reach = (radius * value) / 100;
      return [middle[0] + reach * Math.cos(angle), middle[1] + reach * Math.sin(angle)];
    };
    const known = data.axes.map((axis, index) => ({ ...axis, index })).filter((axis) => axis.value !== null);

    const rings = RINGS.map((ring) => ({
      type: "polygon",
      silent: true,
      shape: { points: data.axes.map((_, index) => at(index, ring)) },
      style: { fill: "none", stroke: ring === 100 ? ink.hair : ink.faint, lineWidth: 1 },
    }));
    const spokes = data.axes.map((axis, index) => {
      const [x2, y2] = at(index, 100);
      return {
        type: "line",
        silent: true,
        shape: { x1: middle[0], y1: middle[1], x2, y2 },
        style: { stroke: ink.hair, lineWidth: 1, lineDash: axis.value === null ? [2, 4] : null },
      };
    });
    const names = data.axes.map((axis, index) => {
      const [x, y] = at(index, 100 + 1400 / radius);
      const side = Math.abs(x - middle[0]) < 4 ? "center" : x < middle[0] ? "right" : "left";
      const value = axis.value === null ? data.noData : Math.round(axis.value);
      const vertical = Math.abs(y - middle[1]) < 4 ? "middle" : y < middle[1] ? "bottom" : "top";
      return {
        type: "text",
        silent: true,
        x,
        y,
        style: {
          text: `${lines(axis.name)}\n{v|${value}}`,
          fontFamily: font,
          align: side,
          verticalAlign: side === "center" ? vertical : "middle",
          fontSize: 13,
          lineHeight: 17,
          fill: axis.value === null ? ink.quiet : ink.text,
          rich: {
            v: { fontFamily: font, fontSize: 12, lineHeight: 16, align: side, fill: axis.value === null ? ink.quiet : ink.main },
          },
        },
      };
    });
    const outline = {
      type: known.length > 2 ? "polygon" : "polyline",
      silent: true,
      shape: { points: known.map((axis) => at(axis.index, axis.value)) },
      style: { fill: known.length > 2 ? "rgba(11,85,99,0.12)" : "none", stroke: ink.main, lineWidth: 1.6, lineJoin: "round" },
    };
    const backdrop = { type: "group", children: [...rings, ...spokes, ...names, outline] };

    return {
      tooltip: {
        ...tooltip,
        trigger: "item",
        formatter: ({ dataIndex }) => tip(known[dataIndex].name, [["", known[dataIndex].value.toFixed(1)]]),
      },
      series: [
        { type: "custom", coordinateSystem: "none", silent: true, data: [0], renderItem: () => backdrop },
        {
          type: "custom",
          coordinateSystem: "none",
          data: known.map((axis) => axis.value),
          renderItem: ({ dataIndex }) => {
            const [cx, cy] = at(known[dataIndex].index, known[dataIndex].value);
            return { type: "circle", shape: { cx, cy, r: 3.5 }, style: { fill: ink.main, stroke: ink.paper, lineWidth: 1.5 } };
          },
        },
      ],
    };
  },
};
