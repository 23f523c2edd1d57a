// The drawing of the lineage: a chosen asset keeps what it is made from and what is made from it, the rest fades.
const drawing = document.querySelector(".graph svg"), panel = document.getElementById("lineage-told");
const find = document.getElementById("lineage-find"), hint = [...panel.childNodes];
const boxes = new Map([...drawing.querySelectorAll(".node")].map(box => [box.dataset.key, box]));
const rows = new Map([...document.getElementById("assets-table").tBodies[0].rows].map(row => [row.dataset.key, row]));
const reads = new Map([...rows].map(([key, row]) => [key, row.dataset.reads.split(" ").filter(name => rows.has(name))]));
const readersOf = key => [...rows.keys()].filter(other => reads.get(other).includes(key));
const readers = new Map([...rows.keys()].map(key => [key, readersOf(key)]));

function reached(key, next) {
  const found = new Set([key]);
  for (const one of found) next.get(one).forEach(other => found.add(other));
  return found;
}
function element(tag, ...inside) {
  const made = document.createElement(tag);
  made.append(...inside);
  return made;
}
function keys(title, names) {
  if (!names.length) return [];
  const list = element("div", ...names.map(name => {
    const button = element("button", name);
    button.type = "button";
    button.onclick = () => { choose(name); boxes.get(name).scrollIntoView({ block: "nearest", inline: "center" }); };
    return button;
  }));
  list.className = "keys";
  return [element("p", title), list];
}
function choose(key) {
  const up = reached(key, reads), down = reached(key, readers);
  drawing.classList.add("chosen");
  boxes.forEach((box, other) => {
    box.classList.toggle("lit", up.has(other) || down.has(other));
    box.setAttribute("aria-pressed", other === key);
  });
  drawing.querySelectorAll(".edge").forEach(({ classList, dataset: edge }) => classList.toggle("lit",
    up.has(edge.from) && up.has(edge.to) || down.has(edge.from) && down.has(edge.to)));
  const [, state, size, version, told] = [...rows.get(key).cells].map(cell => [...cell.cloneNode(true).childNodes]);
  const kind = [rows.get(key).dataset.kind, ...size.length ? [", ", ...size, " rows"] : []];
  panel.replaceChildren(
    element("h3", element("code", key)), element("p", ...kind, " · ", ...state), element("div", ...told),
    element("p", "Data version ", ...version), ...keys("Made from", reads.get(key)),
    ...keys("Read by", readers.get(key)), ...figure(key));
}
function figure(key) {
  const there = document.getElementById(`figure-${key}`);
  if (!there) return [];
  const link = element("a", "Go to the figure");
  link.href = `#${there.id}`;
  return [element("p", link)];
}
function letGo() {
  drawing.classList.remove("chosen");
  boxes.forEach(box => box.setAttribute("aria-pressed", false));
  panel.replaceChildren(...hint);
}
boxes.forEach((box, key) => {
  box.onclick = () => choose(key);
  box.onkeydown = event => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(key); }
  };
});
addEventListener("keydown", event => { if (event.key === "Escape") letGo(); });
document.getElementById("lineage-controls").hidden = false;
document.getElementById("lineage-controls").onsubmit = event => event.preventDefault();
const frame = drawing.parentElement, whole = document.getElementById("lineage-whole");
whole.onchange = () => frame.classList.toggle("whole", whole.checked);
whole.checked = frame.clientWidth > 800; // on a narrower screen nothing of it could be read
whole.onchange();
find.oninput = () => {
  if (!boxes.has(find.value)) return;
  choose(find.value);
  boxes.get(find.value).scrollIntoView({ block: "nearest", inline: "center" });
};
// The first thing to see is where everything comes from.
const start = boxes.values().next().value?.getBoundingClientRect(), room = frame.getBoundingClientRect();
if (start) frame.scrollTop = start.top - room.top - room.height / 2;
