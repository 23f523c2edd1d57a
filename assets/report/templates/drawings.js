// Figures that tell of their points. Each is drawn again by Vega when it comes near the screen; until then, and where
// that fails, the printed picture stands.
const SVG = "http://www.w3.org/2000/svg";
const REACH = 18; // pixels of the screen around a point that count as it
const BEHIND = 36; // square of how much nearer a point must be than the rectangle that it lies in
const STARTS = /(^|_)(lower|start)$/, ENDS = /(^|_)(upper|end)$/;
const SILENT = new Set(["run_id", "colour", "color", "dash", "text", "align", "mark", "shape", "status"]);
const tip = document.getElementById("tip");

function unpacked({ n, columns }) {
  const read = Object.entries(columns).map(([name, column]) =>
    [name, column.of ? column.at.map(place => column.of[place]) : column]);
  return Array.from({ length: n }, (_, row) => Object.fromEntries(read.map(([name, column]) => [name, column[row]])));
}

/** What axes say of the field that they show, wherever in a drawing: its title, and whether it is shown in per cent. */
function axes(part, found = {}) {
  if (part && typeof part === "object") {
    if (typeof part.field === "string" && typeof part.title === "string" && part.title)
      found[part.field] ??= { title: part.title, factor: /\*\s*100\b/.test(part.axis?.labelExpr) ? 100 : 1 };
    Object.values(part).forEach(inner => axes(inner, found));
  }
  return found;
}

/** All points of a drawing that have a value to tell, by series, and what of each run is drawn where. */
function gathered(view, units) {
  const series = [], loose = [], shapes = [];
  const tells = datum => datum && units.some(field => datum[field] !== null && datum[field] !== undefined);
  (function visit(mark, x, y) {
    if (mark.marktype === "group") {
      for (const { x: right = 0, y: down = 0, items = [] } of mark.items)
        items.forEach(inner => visit(inner, x + right, y + down));
      return;
    }
    if (mark.role !== "mark" || mark.marktype === "text") return;
    const joined = mark.marktype === "line" || mark.marktype === "area" || mark.marktype === "trail";
    const told = mark.items.filter(item => item.defined !== false && tells(item.datum));
    const points = told.map(item => place(item, mark.marktype, x, y));
    if (joined) { if (points.length) series.push(points); } else loose.push(...points);
    for (const item of joined ? mark.items.slice(0, 1) : mark.items)
      if (item.datum?.run_id && item._svg && small(item, mark.marktype))
        shapes.push({ run: item.datum.run_id, kind: mark.marktype, shape: item._svg, x, y });
  })(view.scenegraph().root, 0, 0);
  if (loose.length) series.push(loose.sort((one, other) => one.x - other.x || one.y - other.y));
  return { series, shapes };
}

/** Whether a mark can be drawn again without hiding what lies in it. */
const small = ({ width, height }, kind) => kind !== "area" && (kind !== "rect" || width * height < 120);

function place({ x = 0, y = 0, x2 = x, y2 = y, width = 0, height = 0, datum }, kind, right, down) {
  const box = kind === "rect";
  const [across, along] = box ? [width, height] : kind === "rule" ? [x2 - x, y2 - y] : [0, 0];
  const half = { x: Math.abs(across) / 2, y: Math.abs(along) / 2 };
  return { x: right + x + across / 2, y: down + y + along / 2, half, behind: box ? BEHIND : 0, datum };
}

function nearest(series, x, y) {
  let best = null, least = Infinity;
  for (const points of series) for (const point of points) {
    const across = Math.max(Math.abs(point.x - x) - point.half.x, 0);
    const along = Math.max(Math.abs(point.y - y) - point.half.y, 0);
    const distance = across * across + along * along + point.behind;
    if (distance < least) [best, least] = [point, distance];
  }
  return [best, Math.sqrt(least)];
}

const spaced = field => field.replaceAll("_", " ");
function limits(field, units) {
  const base = field.replace(/_?(ci_)?lower$/, ""), name = units[base]?.title ?? spaced(base);
  return (/ci_lower$/.test(field) ? `${name} 95% CI` : name ? `${name} range` : "limits").trim();
}
function written(value) {
  const text = Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

/** Whose a point is: the run that it is of, or else what it says of itself in words. */
function named(datum, run) {
  if (run) return run.name;
  const words = Object.entries(datum).filter(([name, value]) =>
    typeof value === "string" && !SILENT.has(name) && !value.startsWith("#"));
  return [...new Set([datum.run_id ?? "", ...words.map(([, value]) => value)])].filter(Boolean).join(" · ");
}

/** What is said of a point: whose it is, and its values with the names of the axes. */
function tell(datum, units, known) {
  const run = study.told(datum.run_id), heading = document.createElement("b"), list = document.createElement("dl");
  heading.textContent = named(datum, run);
  const say = (name, value) => {
    const [term, said] = ["dt", "dd"].map(tag => document.createElement(tag));
    [term.textContent, said.textContent] = [name, value];
    list.append(term, said);
  };
  for (const field of new Set([...Object.keys(known), ...Object.keys(units)])) {
    const value = datum[field], end = datum[field.replace(/lower$/, "upper").replace(/start$/, "end")];
    if (!(field in units) || value === null || value === undefined || ENDS.test(field)) continue;
    const { title = units[field].title, factor = 1 } = known[field] ?? {};
    if (!STARTS.test(field) || end === undefined) say(title ?? spaced(field), written(value * factor));
    else if (end !== null) say(title ?? limits(field, units), `${written(value * factor)} to ${written(end * factor)}`);
  }
  if (run && datum.auroc === undefined) say("AUROC of the run", run.auroc);
  tip.replaceChildren(...heading.textContent ? [heading] : [], list);
}

function stand(x, y) {
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect(), { clientWidth, clientHeight } = document.documentElement;
  const left = x + 16 + width < clientWidth ? x + 16 : x - 16 - width;
  const top = y + 16 + height < clientHeight ? y + 16 : y - 16 - height;
  tip.style.transform = `translate(${Math.max(4, Math.min(left, clientWidth - width - 4))}px, ${Math.max(4, top)}px)`;
}

function shape(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}

async function awaken(paper) {
  const { spec, data, units } = JSON.parse(document.getElementById(`drawing-${paper.dataset.figure}`).textContent);
  const datasets = Object.fromEntries(Object.entries(data).map(([name, table]) => [name, unpacked(table)]));
  const drawing = { ...spec, datasets, config: { ...spec.config, aria: false } };
  const host = document.createElement("div");
  const bare = { actions: false, defaultStyle: false, tooltip: false, logLevel: 1 };
  const { view } = await vegaEmbed(host, drawing, { mode: "vega-lite", renderer: "svg", ast: true, ...bare });
  const svg = host.querySelector("svg");
  ["width", "height", "style"].forEach(name => svg.removeAttribute(name));
  svg.setAttribute("aria-hidden", "true");
  const frame = svg.querySelector("g"), over = shape("g", {});
  const ring = shape("circle", { class: "ring", r: 3.5, visibility: "hidden" });
  frame.append(over, ring);
  const found = gathered(view, Object.keys(units));
  if (!found.series.length) return;
  paper.querySelector(".picture").replaceChildren(svg);
  listen(paper, { frame, ring, units, known: axes(spec), ...found });
  const follow = run => over.replaceChildren(...found.shapes.filter(one => one.run === run).map(lifted));
  document.addEventListener("followed", event => follow(event.detail));
  follow(study.followed);
}

/** A run's mark once more, above the others. */
function lifted({ shape: drawn, kind, x, y }) {
  const copy = drawn.cloneNode(), moved = shape("g", { transform: `translate(${x},${y})` });
  copy.setAttribute("class", `run ${kind === "symbol" || kind === "rect" ? "spot" : "line"}`);
  moved.append(copy);
  return moved;
}

function listen(paper, { frame, ring, series, units, known }) {
  let at = null; // the point that is told of
  const show = (point, where) => {
    at = point;
    ring.setAttribute("visibility", point ? "visible" : "hidden");
    if (!point) { tip.hidden = true; return; }
    ring.setAttribute("cx", point.x);
    ring.setAttribute("cy", point.y);
    tell(point.datum, units, known);
    const spot = where ?? new DOMPoint(point.x, point.y).matrixTransform(frame.getScreenCTM());
    stand(spot.x, spot.y);
  };
  const look = ({ clientX, clientY }) => {
    const matrix = frame.getScreenCTM(), { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
    const [point, distance] = nearest(series, x, y);
    show(distance * matrix.a <= REACH ? point : null, { x: clientX, y: clientY });
  };
  const follow = () => {
    const run = at?.datum.run_id;
    if (run) study.follow(study.followed === run ? null : run);
  };
  paper.classList.add("alive");
  paper.ariaLabel += ": arrow keys tell of its points, Enter follows a run";
  paper.addEventListener("pointermove", look);
  paper.addEventListener("pointerleave", () => show(null));
  paper.addEventListener("blur", () => show(null));
  paper.addEventListener("click", event => { look(event); follow(); });
  paper.addEventListener("keydown", event => {
    if (event.key === "Enter") follow();
    else if (event.key === "Escape") show(null);
    else if (event.key.startsWith("Arrow")) { event.preventDefault(); show(next(series, at, event.key)); }
  });
}

/** The point to the left or right in the same series, or the one across from it in the series before or after. */
function next(series, at, key) {
  const number = Math.max(series.findIndex(points => points.includes(at)), 0), points = series[number];
  if (!at) return points[0];
  const step = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  if (key === "ArrowLeft" || key === "ArrowRight") return points[points.indexOf(at) + step] ?? at;
  return nearest([series[(number + step + series.length) % series.length]], at.x, at.y)[0];
}

let queue = Promise.resolve(); // one after the other, so that the page can be scrolled meanwhile
const near = new IntersectionObserver(entries => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    queue = queue.then(() => awaken(target));
  }
}, { rootMargin: "400px" });
for (const paper of document.querySelectorAll(".paper"))
  if (document.getElementById(`drawing-${paper.dataset.figure}`)) near.observe(paper);
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
