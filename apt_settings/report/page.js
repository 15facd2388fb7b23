"use strict";
// What records say is only ever put in as text: textContent, never markup.
const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const make = (tag, text, name) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  return element;
};

// A run has a number for each setting: where [value, origin, 1 if somebody set it] stands in the pool; -1 for none.
const given = (run, name) => data.pool[run.settings[data.names.indexOf(name)]];
const FACTS = { run: "short", started: "started", took: "seconds", status: "ended", commit: "commit" };
const factOf = (run, name) => (Object.hasOwn(FACTS, name) ? run[FACTS[name]] : run[name]);
const valueOf = (run, name) => {
  const setting = data.names.includes(name) && given(run, name);
  if (setting) return setting[0];
  if (Object.hasOwn(run.metrics, name)) return run.metrics[name];
  return Object.hasOwn(FACTS, name) || Object.hasOwn(run, name) ? factOf(run, name) : undefined;
};
const textOf = (run, name) => {
  if (name === "took") return run.took;
  const value = valueOf(run, name);
  return value === undefined || value === null ? "" : typeof value === "number" ? String(+value.toPrecision(6)) : String(value);
};

let sorted = { name: data.sort, ascending: !data.descending };
let chosen = [];

const columns = () => {
  const settings = by("everything").checked ? data.differing : data.causes;
  return ["run", "status", ...settings, ...data.metrics, "started", "took", ...(data.commits ? ["commit"] : [])];
};

const compare = (one, other) => {
  const [a, b] = [one, other].map((run) => valueOf(run, sorted.name));
  const missing = [a, b].map((value) => value === undefined || value === null || value === "");
  if (missing[0] || missing[1]) return missing[0] - missing[1];
  const [x, y] = [Number(a), Number(b)];
  const order = Number.isNaN(x) || Number.isNaN(y) ? String(a).localeCompare(String(b)) : x - y;
  return sorted.ascending ? order : -order;
};

const numberOf = (value) => (value === null || value === "" ? NaN : Number(value));
const plain = (text) => String(text).toLowerCase().replaceAll("-", "_");
// A task may be named by its dataset, too, and a range says where a number lies: seed=1..3.
const has = (run, name, text) => {
  const value = name === "status" ? run.status : valueOf(run, name);
  if (value === undefined) return false;
  if (name === "task") return [value, valueOf(run, "dataset")].some((each) => plain(each) === plain(text));
  const [low, high] = /\.\./.test(text) ? text.split("..", 2).map(numberOf) : [numberOf(text), numberOf(text)];
  return String(value) === text || (numberOf(value) >= low && numberOf(value) <= high);
};
const holds = (run, word) => {
  const match = /^([^=<>!]+)(!=|<=|>=|=|<|>)(.+)$/.exec(word);
  if (!match) return searched(run).includes(word.toLowerCase());
  const name = nameLike(match[1]);
  const [x, y] = [valueOf(run, name), match[3]].map(numberOf);
  const hasAny = () => [match[3], ...match[3].split(",")].some((text) => has(run, name, text));
  switch (match[2]) {
    case "=": return hasAny();
    case "!=": return !hasAny();
    case "<": return x < y;
    case "<=": return x <= y;
    case ">": return x > y;
    default: return x >= y;
  }
};
// `sparsity` is the only name that ends so: target_sparsity.
const known = [...columns(), ...data.names, ...Object.keys(data.runs[0] ?? {})];
const nameLike = (word) => (known.includes(word) ? word : (columns().find((name) => name.includes(word)) ?? word));
const searched = (run) => (run.text ??= [run.folder, run.fingerprint, run.ended, ...columns().map((name) => textOf(run, name))].join("\n").toLowerCase());

const visible = () => {
  const words = by("filter").value.trim().split(/\s+/).filter(Boolean);
  return data.runs.filter((run) => words.every((word) => holds(run, word))).sort(compare);
};

const drawHead = () => {
  const row = make("tr");
  for (const name of columns()) {
    const cell = make("th");
    cell.scope = "col";
    if (name === sorted.name) cell.ariaSort = sorted.ascending ? "ascending" : "descending";
    const button = make("button", name);
    button.addEventListener("click", () => {
      sorted = { name, ascending: name === sorted.name ? !sorted.ascending : true };
      draw();
      [...by("runs").querySelectorAll("thead button")].find((each) => each.textContent === name)?.focus();
    });
    cell.append(button);
    row.append(cell);
  }
  by("runs").tHead.replaceChildren(row);
};

const drawRow = (run) => {
  const row = make("tr");
  row.tabIndex = -1;
  row.run = run;
  row.ariaSelected = String(chosen.includes(run));
  for (const name of columns()) {
    const text = textOf(run, name);
    const setting = data.names.includes(name) && given(run, name);
    const cell = make("td", text, name === "status" ? run.status : setting && !setting[2] ? "default" : "");
    if (setting) cell.title = `${name} ${text}: ${setting[1]}`;
    row.append(cell);
  }
  return row;
};

const draw = () => {
  const runs = visible();
  drawHead();
  const rows = runs.map(drawRow);
  if (rows.length) rows[0].tabIndex = 0;
  by("runs").tBodies[0].replaceChildren(...rows);
  const part = runs.length < data.runs.length ? `${runs.length} of ` : "";
  by("summary").textContent = part + data.summary;
};

const choose = (run) => {
  chosen = chosen.includes(run) ? chosen.filter((each) => each !== run) : [...chosen, run].slice(-2);
  for (const row of by("runs").tBodies[0].rows) row.ariaSelected = String(chosen.includes(row.run));
  drawDetails();
};

const valueCell = (setting) => {
  const cell = make("td", setting ? setting[0] : "–");
  if (setting) cell.append(make("span", setting[1], "origin"));
  return cell;
};

const tableOf = (titles, names) => {
  const table = make("table");
  const head = make("tr");
  head.append(...titles.map((title) => make("th", title)));
  table.append(head);
  for (const name of names) {
    const row = make("tr");
    row.append(make("td", name), ...chosen.map((run) => valueCell(given(run, name))));
    table.append(row);
  }
  return table;
};

const about = (run) => {
  const lines = [run.folder, run.fingerprint, `${run.ended}, ${run.started}${run.took ? `, ${run.took}` : ""}`];
  if (run.trace) lines.push(run.trace);
  if (run.host) lines.push(`on ${run.host}`);
  if (run.command) lines.push(run.command);
  const metrics = Object.keys(run.metrics).map((name) => `${name} ${textOf(run, name)}`);
  if (metrics.length) lines.push(metrics.join(", "));
  const part = make("p");
  lines.forEach((line, number) => part.append(...(number ? [make("br")] : []), make(number < 2 ? "code" : "span", line)));
  return part;
};

const drawDetails = () => {
  const details = by("details");
  details.hidden = !chosen.length;
  const isSet = (name) => chosen.some((run) => given(run, name)?.[2]);
  const differs = (name) => chosen.length < 2 || given(chosen[0], name)?.[0] !== given(chosen[1], name)?.[0];
  const names = data.names.filter((name) => chosen.some((run) => given(run, name)) && differs(name));
  const [causes, rest] = [names.filter(isSet), names.filter((name) => !isSet(name))];
  const titles = ["setting", ...chosen.map((run) => run.short)];
  const isPair = chosen.length === 2;
  const parts = [make("h2", isPair ? `${chosen[0].short} and ${chosen[1].short}` : (chosen[0]?.short ?? "")), ...chosen.map(about)];
  if (causes.length) parts.push(make("h3", isPair ? "What somebody set" : "Set"), tableOf(titles, causes));
  if (rest.length) parts.push(make("h3", isPair ? "What follows" : "Defaults"), tableOf(titles, rest));
  if (isPair && !names.length) parts.push(make("p", "No setting differs."));
  details.replaceChildren(...parts);
};

by("runs").tBodies[0].addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row && !String(getSelection())) choose(row.run);
});
by("runs").tBodies[0].addEventListener("keydown", (event) => {
  const row = event.target.closest("tr");
  const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
  if (next) {
    row.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  } else if (event.key === "Enter" || event.key === " ") choose(row.run);
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== by("filter")) {
    by("filter").focus();
    event.preventDefault();
  } else if (event.key === "Escape" && chosen.length) {
    chosen = [];
    draw();
    drawDetails();
  }
});
by("filter").addEventListener("input", draw);
by("everything").addEventListener("change", () => {
  for (const run of data.runs) run.text = undefined;
  draw();
});
by("shared").textContent = data.shared ? `The same in all: ${data.shared}` : "";
draw();
