// What a page of the portal runs: partial updates by htmx, and its charts, drawn as SVG.
import "htmx.org";
import { init, use } from "echarts/core";
import { BarChart, CustomChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
import { start as verifyLedger } from "./ledger.js";
import { months } from "./months.js";
import { start as offerPasskey } from "./passkeys.js";
import { radar } from "./radar.js";
import { waterfall } from "./waterfall.js";

use([BarChart, CustomChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const KINDS = { months, radar, waterfall };

function draw(element) {
  const data = JSON.parse(document.getElementById(element.dataset.from).textContent);
  const kind = KINDS[element.dataset.chart];
  if (kind.height) element.style.height = `${kind.height(data)}px`;
  const chart = init(element, null, { renderer: "svg" });
  const font = getComputedStyle(document.body).fontFamily;
  const paint = () => {
    const option = kind.option(data, chart.getWidth(), chart.getHeight(), font);
    chart.setOption({ animation: false, textStyle: { fontFamily: font }, ...option }, true);
    // With a view box the drawing scales to the sheet when the page is printed.
    element.querySelector("svg").setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  };
  paint();
  new ResizeObserver(() => {
    chart.resize();
    paint();
  }).observe(element);
  element.dataset.drawn = "";
}

for (const element of document.querySelectorAll("[data-chart]")) draw(element);
for (const element of document.querySelectorAll("[data-ledger]")) verifyLedger(element);
for (const form of document.querySelectorAll("form[data-passkey]")) offerPasskey(form);
