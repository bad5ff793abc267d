// From base points through what adds and takes to the score: one row a step, joined by hairlines.
import { ink, tip, tooltip } from "./ink.js";

const ROW = 27;
const BAR = 13;

export const waterfall = {
  height: (data) => (data.steps.length + 2) * ROW + 30,

  option(data, width, height, font) {
    const rows = [
      { ...data.base, end: true },
      ...data.steps,
      { ...data.total, end: true },
    ];
    const levels = [data.base.value, ...data.steps.map((step) => step.to)];
    const low = Math.min(...levels);
    const high = Math.max(...levels);
    const room = Math.max((high - low) * 0.16, 4);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `13px ${font}`;
    const longest = Math.max(...rows.map((row) => pen.measureText(row.name).width));
    const labels = Math.min(width * 0.44, longest + 2);

    const renderItem = ({ dataIndex }, api) => {
      const row = rows[dataIndex];
      if (row.end) {
        const [x, y] = api.coord([row.value, dataIndex]);
        return {
          type: "group",
          children: [
            { type: "rect", shape: { x: x - 1.5, y: y - BAR / 2 - 2, width: 3, height: BAR + 4 }, style: { fill: ink.text } },
            { type: "text", x: x + 8, y, style: { text: row.value.toFixed(dataIndex ? 0 : 1), fill: ink.text, fontFamily: font, fontSize: 13, fontWeight: 700, verticalAlign: "middle" } },
          ],
        };
      }
      const [from, y] = api.coord([row.from, dataIndex]);
      const [to] = api.coord([row.to, dataIndex]);
      const rises = row.to >= row.from;
      const colour = rises ? ink.up : ink.down;
      return {
        type: "group",
        children: [
          { type: "line", silent: true, shape: { x1: from, y1: y - ROW + BAR / 2, x2: from, y2: y - BAR / 2 }, style: { stroke: ink.quiet, lineWidth: 0.75 } },
          { type: "rect", shape: { x: Math.min(from, to), y: y - BAR / 2, width: Math.max(Math.abs(to - from), 1), height: BAR }, style: { fill: colour } },
          {
            type: "text",
            x: rises ? Math.max(from, to) + 6 : Math.min(from, to) - 6,
            y,
            style: { text: row.label, fill: colour, fontFamily: font, fontSize: 12, align: rises ? "left" : "right", verticalAlign: "middle" },
          },
        ],
      };
    };

    return {
      grid: { left: labels + 12, right: 8, top: 4, bottom: 24, outerBoundsMode: "none" },
      tooltip: {
        ...tooltip,
        trigger: "item",
        formatter: ({ dataIndex }) => {
          const row = rows[dataIndex];
          return row.end
            ? tip(row.name, [["", row.value.toFixed(1)]])
            : tip(row.name, [["", row.label], ["", `${row.from.toFixed(1)} → ${row.to.toFixed(1)}`]]);
        },
      },
      xAxis: {
        type: "value",
        min: low - room,
        max: high + room,
        splitNumber: width < 520 ? 3 : 6,
        axisLabel: { color: ink.quiet, fontSize: 12, showMinLabel: false, showMaxLabel: false },
        splitLine: { lineStyle: { color: ink.faint } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: rows.map((row) => row.name),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { color: ink.text, fontSize: 13, width: labels, overflow: "truncate", interval: 0 },
      },
      series: [{ type: "custom", data: rows.map((row, index) => [row.end ? row.value : row.to, index]), renderItem }],
    };
  },
};
