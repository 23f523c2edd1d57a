// Tables that can be sorted by each column, and the table of runs that can be filtered.
const byText = new Intl.Collator("en", { numeric: true });

/** What a cell is sorted by: a number where its column holds numbers, NaN for one that is missing. */
function rank(cell) {
  if (!cell.matches(".number")) return cell.dataset.name ?? cell.textContent;
  return cell.matches(".none") ? NaN : Number(cell.dataset.v ?? (cell.textContent.replaceAll(",", "") || NaN));
}
function compare(one, other, sign) {
  if (typeof one === "string") return sign * byText.compare(one, other);
  // what is not estimable stays below, either way
  return Number.isNaN(one) || Number.isNaN(other) ? Number.isNaN(one) - Number.isNaN(other) : sign * (one - other);
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, place) => {
    if (head.matches(".plain")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.onclick = () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach(other => other.hasAttribute("aria-sort") && other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const ranked = [...body.rows].map(row => [rank(row.cells[place]), row]);
      body.append(...ranked.sort(([one], [other]) => compare(one, other, sign)).map(([, row]) => row));
    };
  });
}
document.querySelectorAll("#runs-table, #assets-table").forEach(sortable);

const filters = document.getElementById("runs-filters");
if (filters) {
  const find = document.getElementById("runs-find"), starred = document.getElementById("runs-starred");
  const body = document.getElementById("runs-table").tBodies[0];
  const rows = [...body.rows].map(row => [row, row.textContent.toLowerCase()]);
  const selects = [...filters.querySelectorAll("select")];
  const fits = (row, text) =>
    text.includes(find.value.trim().toLowerCase()) && (!starred.checked || row.querySelector(".star")) &&
    selects.every(({ value, dataset }) => !value || row.getAttribute(`data-${dataset.filters}`) === value);
  const filter = () => {
    rows.forEach(([row, text]) => { row.hidden = !fits(row, text); });
    const shown = rows.filter(([row]) => !row.hidden).length;
    document.getElementById("runs-count").textContent = `${shown} of ${rows.length} runs`;
  };
  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", event => event.preventDefault());
  filter();
}
