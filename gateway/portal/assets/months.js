// Sales as bars, purchases as a line, one money axis.
import { ink, tip, tooltip } from "./ink.js";

export const months = {
  option(data, width) {
    const narrow = width < 520;
    return {
      color: [ink.main, ink.second],
      grid: { left: 0, right: 4, top: 46, bottom: 0, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: {
        right: 0,
        top: 0,
        itemWidth: 14,
        itemHeight: 8,
        itemGap: 18,
        icon: "rect",
        selectedMode: false,
        textStyle: { color: ink.text, fontSize: 13 },
      },
      tooltip: {
        ...tooltip,
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: "rgba(29,35,38,0.06)" } },
        formatter: ([{ dataIndex }]) =>
          tip(data.months[dataIndex], [
            [data.sales.name, data.sales.exact[dataIndex]],
            [data.purchases.name, data.purchases.exact[dataIndex]],
          ]),
      },
      xAxis: {
        type: "category",
        data: data.months,
        axisLine: { lineStyle: { color: ink.quiet } },
        axisTick: { show: false },
        axisLabel: {
          color: ink.quiet,
          fontSize: 12,
          hideOverlap: true,
          // A label at each January, and at the first month; half-years too where there is room.
          interval: (index, month) => index === 0 || month.endsWith("-01") || (!narrow && month.endsWith("-07")),
        },
      },
      yAxis: {
        type: "value",
        name: data.unit,
        nameLocation: "end",
        nameTextStyle: { color: ink.quiet, fontSize: 12, align: "left", padding: [0, 0, 4, -4] },
        nameGap: 14,
        splitNumber: 4,
        splitLine: { lineStyle: { color: ink.faint } },
        axisLabel: { color: ink.quiet, fontSize: 12, formatter: (value) => value.toLocaleString("en").replace("-", "−") },
      },
      series: [
        { type: "bar", name: data.sales.name, data: data.sales.values, barCategoryGap: "34%" },
        {
          type: "line",
          name: data.purchases.name,
          data: data.purchases.values,
          symbol: "circle",
          symbolSize: 4,
          showAllSymbol: true,
          lineStyle: { width: 1.6 },
        },
      ],
    };
  },
};
