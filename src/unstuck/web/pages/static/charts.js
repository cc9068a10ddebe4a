/* Draws a day with uPlot: heart rate as a line, steps as bars, holes as named ground. */
"use strict";
(function () {
  /* A pixel of the design: on a large screen all type is larger, and charts with it. */
  const px = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const TALL = { heart: 220 * px, steps: 160 * px };
  document.querySelectorAll("[data-chart]").forEach((place) => {
    place.textContent = place.dataset.loading;
    fetch(place.dataset.chart, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
      .then((day) => {
        place.textContent = "";
        const charts = [make(place, day, "heart"), make(place, day, "steps")];
        new ResizeObserver(() => charts.forEach((one) => fit(one, place))).observe(place);
        window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((c) => c.redraw()));
      })
      .catch(() => {
        place.textContent = place.dataset.failed;
        document.querySelectorAll("details[data-instead]").forEach((one) => { one.open = true; });
      });
  });

  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
  function fit(chart, place) { if (place.clientWidth) chart.setSize({ width: place.clientWidth, height: TALL[chart.kind] }); }

  function make(place, day, kind) {
    const clock = new Intl.DateTimeFormat(day.language, {
      timeZone: day.zone, hour: "2-digit", minute: "2-digit", hour12: day.clock === "12" });
    const ticks = new Map(day.ticks);
    const frame = document.createElement("figure");
    const words = document.createElement("figcaption");
    words.textContent = day.labels[kind];
    frame.append(words);
    place.append(frame);
    const axis = {
      stroke: () => colour("muted"), font: 12 * px + "px " + getComputedStyle(document.body).fontFamily,
      grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false },
    };
    const series = kind === "heart"
      ? { label: day.labels.heart, stroke: () => colour("broken"), width: 1.25, points: { show: false } }
      : { label: day.labels.steps, stroke: () => colour("moving"), fill: () => colour("moving"), width: 0,
          paths: uPlot.paths.bars({ size: [0.8, 100] }), points: { show: false } };
    const chart = new uPlot({
      width: place.clientWidth, height: TALL[kind], padding: [12 * px, 24 * px, 0, 0],
      legend: { live: true },
      cursor: { drag: { x: false, y: false }, y: false, sync: { key: "day" } },
      scales: {
        x: { time: false, range: [day.start, day.end] },
        y: { range: (u, low, high) => (kind === "heart" ? [40, Math.max(120, Math.ceil((high || 0) / 20) * 20)] : [0, Math.max(500, high || 0)]) },
      },
      axes: [
        { ...axis, size: 30 * px, splits: () => thin([...ticks.keys()], place.clientWidth), values: (u, at) => at.map((one) => ticks.get(one) || "") },
        { ...axis, size: 48 * px },
      ],
      series: [{ label: day.labels.time, value: (u, at) => (at == null ? "–" : clock.format(new Date(at * 1000))) },
        { ...series, value: (u, at) => (at == null ? "–" : String(at)) }],
      hooks: { drawClear: [(u) => ground(u, day)] },
    }, day[kind], frame);
    chart.kind = kind;
    return chart;
  }

  function thin(all, wide) { return wide < 480 ? all.filter((one, place) => place % 2 === 0) : all; }

  function ground(u, day) {
    const { ctx, bbox } = u;
    const dot = devicePixelRatio * px;
    ctx.save();
    for (const hole of day.holes) {
      const left = u.valToPos(hole.start, "x", true), right = u.valToPos(hole.end, "x", true);
      const soft = hole.reason === "lost" ? "broken" : hole.reason.startsWith("not_drained") || hole.reason === "not_uploaded" ? "caution" : "still";
      ctx.fillStyle = colour(soft + "-soft");
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.fillStyle = colour(soft);
      ctx.font = 11 * dot + "px " + getComputedStyle(document.body).fontFamily;
      ctx.textAlign = "left";
      ctx.textBaseline = "alphabetic";
      const long = ctx.measureText(hole.label).width + 8 * dot;
      if (long < right - left) {
        ctx.fillText(hole.label, left + 4 * dot, bbox.top + 13 * dot);
      } else if (long < bbox.height && right - left > 13 * dot) {
        ctx.save();
        ctx.translate((left + right) / 2 + 4 * dot, bbox.top + bbox.height - 4 * dot);
        ctx.rotate(-Math.PI / 2);
        ctx.fillText(hole.label, 0, 0);
        ctx.restore();
      }
    }
    ctx.restore();
  }
})();
