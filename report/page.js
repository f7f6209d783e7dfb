// Draws the charts from the figures in the page, filters and sorts; asks nothing of a network.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("figures").textContent);
  const DAY = 86400000;
  const LINE_FROM = { day: 62, week: 27 }; // places from which on a line is drawn, not bars
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  const tip = document.getElementById("tip");
  const views = new Map();

  const time = (iso) => Date.parse(iso + "T00:00:00Z");
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const said = (t) => {
    const day = new Date(t);
    return `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
  };
  const count = (v) => (v == null ? "unknown" : Math.round(v).toLocaleString("en-US"));
  const credit = (v) => (Math.abs(v) < 100 && !Number.isInteger(v) ? v.toFixed(1) : count(v));
  const percent = (v) => (v == null ? "none" : Math.round(v * 100) + " %");
  const isValue = (v) => v !== null && v !== undefined;

  // ---- what is shown of each scope
  const states = page.scopes.map((scope) => ({ from: 0, to: (scope.days || 1) - 1, group: 0 }));

  function weekOf(scope, index) {
    const t = time(scope.week) + index * 7 * DAY;
    const loaded = scope.loaded[index];
    const part = loaded < 7;
    return { t, e: t + 6.4 * DAY, m: t + 3 * DAY, part, when: `Week of ${said(t)}` + (part ? `, ${loaded} of 7 days loaded` : "") };
  }
  function dayOf(scope, index) {
    const t = time(scope.first) + index * DAY;
    return { t, e: t + 0.86 * DAY, m: t + 0.43 * DAY, part: false, when: said(t) };
  }
  // The places of an axis that the chosen range of days touches.
  function range(scope, state, unit) {
    if (unit === "day") return [state.from, state.to];
    const offset = (time(scope.first) - time(scope.week)) / DAY;
    return [Math.floor((state.from + offset) / 7), Math.floor((state.to + offset) / 7)];
  }
  function places(scope, state, unit) {
    const [from, to] = range(scope, state, unit);
    const found = [];
    for (let i = from; i <= to; i++) {
      const place = unit === "day" ? dayOf(scope, i) : weekOf(scope, i);
      const width = place.e - place.t;
      found.push({ i, ...place, t2: place.t + width * 0.25, e2: place.t + width * 0.75 });
    }
    return found;
  }
  const shape = (rows, unit) => (rows.length >= LINE_FROM[unit] / (unit === "day" && innerWidth < 500 ? 2 : 1) ? "line" : "bars");

  // ---- the rows of each kind of chart
  const makers = {
    day: (scope, state) => people(scope, state, "day"),
    week: (scope, state) => people(scope, state, "week"),
    rate: (scope, state) => {
      const { shown, accepted } = scope.groups[state.group].week;
      const rows = places(scope, state, "week").map((p) => {
        const rate = shown[p.i] ? accepted[p.i] / shown[p.i] : null;
        return { ...p, rate, tip: `${p.when}\n${percent(rate)} accepted\n${count(accepted[p.i])} of ${count(shown[p.i])}` };
      });
      return ["rate-" + shape(rows, "week"), rows];
    },
    credits: (scope, state) => {
      const { credits } = scope.groups[state.group].week;
      const rows = places(scope, state, "week").map((p) => ({
        ...p,
        credits: credits[p.i],
        tip: `${p.when}\n${count(credits[p.i])} credits` + (isValue(credits[p.i]) ? `\n${(credits[p.i] / 100).toLocaleString("en-US", { style: "currency", currency: "USD" })}` : ""),
      }));
      return ["credits-" + shape(rows, "week"), rows];
    },
    pulls: (scope, state) => {
      const pulls = scope.pulls;
      const rows = places(scope, state, "week").map((p) => ({
        ...p,
        merged: pulls.total_merged[p.i],
        copilot: pulls.total_merged_created_by_copilot[p.i],
        tip: [
          p.when,
          `${count(pulls.total_merged[p.i])} merged`,
          `${count(pulls.total_merged_created_by_copilot[p.i])} of them opened by Copilot`,
          `${count(pulls.total_created[p.i])} opened`,
        ].join("\n"),
      }));
      return ["pulls-" + shape(rows, "week"), rows];
    },
    languages: (scope, state) => shares(scope, state, "languages"),
    models: (scope, state) => shares(scope, state, "models"),
    ides: (scope, state) => shares(scope, state, "ides"),
    ways: (scope, state) => {
      const rows = [];
      for (const p of places(scope, state, "week").filter((p) => !p.part || scope.loaded.length < 3))
        scope.ways.names.forEach((name, c) => {
          const v = scope.ways.values[c][p.i];
          if (isValue(v)) rows.push({ ...p, c, v, tip: `${p.when}\n${name}: ${count(v)} people` });
        });
      return ["ways", rows];
    },
    calendar: (scope) => {
      const { first, reports } = scope.calendar;
      const rows = [];
      for (const report of reports)
        [...report.status].forEach((s, i) => {
          const t = time(first) + i * DAY;
          const held = report.rows[i] === null ? "" : `, ${count(report.rows[i])} rows`;
          rows.push({ report: report.name, t, e: t + DAY, s: +s, tip: `${said(t)}\n${report.name}: ${page.statuses[+s]}${held}` });
        });
      return ["calendar", rows];
    },
  };
  function people(scope, state, unit) {
    const group = scope.groups[state.group][unit];
    const rows = places(scope, state, unit).map((p) => ({
      ...p,
      active: group.active[p.i],
      engaged: group.engaged[p.i],
      tip: isValue(group.active[p.i])
        ? `${p.when}\n${count(group.active[p.i])} active\n${count(group.engaged[p.i])} of them engaged`
        : `${p.when}\nnot loaded`,
    }));
    if (unit === "week" || shape(rows, unit) === "bars") return ["people-" + shape(rows, unit), rows];
    // The mean of the 7 days up to each day, where all of them are loaded.
    const mean = (of, i) => {
      const seven = of.slice(i - 6, i + 1);
      return i >= 6 && seven.every(isValue) ? seven.reduce((sum, v) => sum + v, 0) / 7 : null;
    };
    for (const row of rows) {
      row.active_mean = mean(group.active, row.i);
      row.engaged_mean = mean(group.engaged, row.i);
      if (row.active_mean !== null) row.tip += `\nmean of 7 days: ${row.active_mean.toFixed(1)} active, ${row.engaged_mean.toFixed(1)} engaged`;
    }
    return ["days-line", rows];
  }
  function shares(scope, state, key) {
    const { names, values } = scope[key];
    const rows = [];
    for (const p of places(scope, state, "week")) {
      const whole = values.reduce((sum, of) => sum + (of[p.i] || 0), 0);
      let from = 0;
      names.forEach((name, index) => {
        const v = values[index][p.i];
        const c = name === page.others ? 6 : index;
        const to = from + v / whole;
        if (v) rows.push({ ...p, c, from, to, tip: `${p.when}\n${name}: ${percent(v / whole)} (${count(v)})` });
        if (v) from = to;
      });
    }
    return ["shares", rows];
  }

  // ---- drawing
  function draw(element) {
    const index = +element.dataset.scope;
    const scope = page.scopes[index];
    const [kind, rows] = makers[element.dataset.kind](scope, states[index]);
    const colors = page.palettes[dark.matches && !printing ? "dark" : "light"];
    const text = JSON.stringify(page.specs[kind]).replace(/"@(\w+)"/g, (_, name) => JSON.stringify(colors[name]));
    const spec = JSON.parse(text);
    const times = rows.map((row) => row.t);
    const [least, most] = [Math.min(...times), Math.max(...times)];
    for (const data of spec.data) {
      if (data.name === "rows") data.values = rows;
      if (data.name === "breaks")
        data.values = page.breaks.map((b) => ({ t: time(b.day), tip: `${said(time(b.day))}\n${b.what}` })).filter((b) => b.t >= least && b.t <= most);
    }
    const narrow = element.clientWidth < 420;
    const marked = rows.length ? ticks(rows, narrow ? 4 : 7) : [];
    const year = (t) => new Date(t).getUTCFullYear();
    for (const axis of spec.axes) if (axis.scale === "x" && !axis.grid) axis.values = marked;
    for (const signal of spec.signals)
      if (signal.name === "years") signal.value = marked.filter((t, i) => i === 0 || year(t) !== year(marked[i - 1]));
    views.get(element)?.finalize();
    element.textContent = "";
    element.dataset.shape = kind;
    element.dataset.count = rows.length;
    if (!rows.length) {
      element.textContent = "Nothing in this range.";
      views.set(element, null);
      return;
    }
    views.set(element, null);
    const inner = element.appendChild(document.createElement("div"));
    vegaEmbed(inner, spec, { mode: "vega", renderer: "svg", actions: false, defaultStyle: false, logLevel: 1, tooltip }).then((result) => {
      if (inner.isConnected) views.set(element, result);
      else result.finalize(); // drawn anew meanwhile
    });
  }
  // The first of months over a long time, else the dates of the rows themselves.
  function ticks(rows, most) {
    const times = [...new Set(rows.map((row) => row.t))].sort((a, b) => a - b);
    const firsts = [];
    const month = new Date(times[0]);
    for (month.setUTCDate(1); month <= times.at(-1); month.setUTCMonth(month.getUTCMonth() + 1))
      if (month >= times[0]) firsts.push(+month);
    const found = firsts.length >= 4 ? firsts : times;
    const step = Math.ceil(found.length / most);
    return found.filter((_, i) => i % step === 0);
  }
  function tooltip(_, event, item, value) {
    if (!value) {
      tip.hidden = true;
      return;
    }
    tip.textContent = value;
    tip.hidden = false;
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 6);
    const below = event.clientY + 18;
    const y = below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 8 : below;
    tip.style.transform = `translate(${Math.max(4, x)}px, ${y}px)`;
  }
  addEventListener("scroll", () => (tip.hidden = true), { passive: true });

  const charts = [...document.querySelectorAll(".chart")];
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries)
        if (entry.isIntersecting) {
          seen.unobserve(entry.target);
          draw(entry.target);
        }
    },
    { rootMargin: "300px" },
  );
  charts.forEach((chart) => seen.observe(chart));
  // What is in view is drawn at once, the rest bit by bit, so that nobody scrolls to a blank.
  (function drawNext() {
    const next = charts.find((chart) => !views.has(chart) && !chart.closest("details:not([open])"));
    if (!next) return;
    seen.unobserve(next);
    draw(next);
    setTimeout(drawNext, 30);
  })();
  const redraw = (which = charts) => which.filter((chart) => views.has(chart)).forEach(draw);
  dark.addEventListener("change", () => redraw());

  // ---- choosing days and a team
  for (const form of document.querySelectorAll(".controls")) {
    const index = +form.dataset.scope;
    const scope = page.scopes[index];
    const state = states[index];
    const { from, to, team } = form.elements;
    const iso = (day) => new Date(time(scope.first) + day * DAY).toISOString().slice(0, 10);
    const at = (value, otherwise) => {
      const day = Math.round((time(value) - time(scope.first)) / DAY);
      return Number.isNaN(day) ? otherwise : Math.max(0, Math.min(scope.days - 1, day));
    };
    const tell = () => {
      from.value = iso(state.from);
      to.value = iso(state.to);
      for (const button of form.querySelectorAll("button")) {
        const days = +button.dataset.days || scope.days;
        const chosen = state.to === scope.days - 1 && state.from === Math.max(0, scope.days - days);
        button.setAttribute("aria-pressed", chosen);
      }
      form.querySelector("output").textContent =
        `${scope.groups[state.group].name}: ${said(time(iso(state.from)))} to ${said(time(iso(state.to)))}`;
    };
    const apply = () => {
      tell();
      redraw(charts.filter((chart) => +chart.dataset.scope === index && chart.dataset.kind !== "calendar"));
      document.querySelectorAll(`table[data-scope="${index}"][data-series]`).forEach((table) => fill(table, scope, state));
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => {
      [state.from, state.to] = [at(from.value, 0), at(to.value, scope.days - 1)].sort((a, b) => a - b);
      if (team) state.group = +team.value;
      apply();
    });
    for (const button of form.querySelectorAll("button"))
      button.addEventListener("click", () => {
        state.to = scope.days - 1;
        state.from = Math.max(0, scope.days - (+button.dataset.days || scope.days));
        apply();
      });
    tell();
    form.hidden = false;
  }
  // The numbers under a chart follow what is chosen.
  function fill(table, scope, state) {
    const unit = table.dataset.unit;
    const [least, most] = range(scope, state, unit);
    const group = scope.groups[state.group][unit];
    for (const row of table.tBodies[0].rows) {
      const i = +row.dataset.i;
      row.hidden = i < least || i > most;
      if (table.dataset.series !== "team") continue;
      for (const cell of row.querySelectorAll("td[data-of]")) {
        const of = cell.dataset.of;
        const v = of === "rate" ? (group.shown[i] ? group.accepted[i] / group.shown[i] : null) : group[of][i];
        const shown = { rate: percent, credits: credit }[of] || count;
        cell.textContent = isValue(v) ? shown(v) : "";
        cell.dataset.v = isValue(v) ? v : "";
      }
    }
  }

  // ---- tables that sort
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  function sort(table, column, down) {
    const value = (row) => {
      const cell = row.cells[column];
      return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v === "" ? null : +cell.dataset.v;
    };
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return (x === null) - (y === null); // what is unknown stands last
      const order = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(x, y);
      return down ? -order : order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    [...table.tHead.rows[0].cells].forEach((head, index) => {
      if (index === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }
  for (const table of document.querySelectorAll("table.sortable"))
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (head.classList.contains("bar")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, column, head.getAttribute("aria-sort") === "ascending"));
    });

  // ---- paper: light, everything open and drawn
  let closed = [];
  addEventListener("beforeprint", () => {
    printing = true;
    closed = [...document.querySelectorAll("details:not([open]):not(.by-day)")];
    closed.forEach((details) => (details.open = true));
    charts.filter((chart) => chart.offsetParent !== null).forEach(draw);
  });
  addEventListener("afterprint", () => {
    printing = false;
    closed.forEach((details) => (details.open = false));
    redraw();
  });
})();
